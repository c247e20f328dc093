import { type AuthProvider, parseBaseUrl } from '@auth/core';
import {
  assertOneOf,
  assertOptions,
  assertSecret,
  assertText,
  invalidOption,
  type OneTimeCode,
  type PasswordOptions,
  type Secret,
  type ServerLocation,
  serverLocationOf,
} from '@auth/provider-utils';
import type { MetadataCache } from './metadata-cache.js';
import type { OAuth2PasswordExtra } from './wire.js';

/**
 * How the client names itself: by HTTP Basic or in the body (RFC 6749 section 2.3.1), or, having no secret, by its
 * `client_id` alone.
 */
export type ClientAuthentication = 'basic' | 'body' | 'none';

/** Options of `oauth2PasswordProvider`. Either `issuer` or `tokenEndpoint` is needed. */
export interface OAuth2PasswordProviderOptions extends PasswordOptions {
  /**
   * The issuer, whose metadata names the endpoints (OpenID Connect Discovery 1.0, RFC 8414). It is asked for once an hour
   * before an exchange, and where it could not be had again after a minute. Its origin may see tokens without being in `allowedOrigins`.
   */
  readonly issuer?: string | undefined;
  /** Where tokens are issued, in place of `issuer`: nothing is asked for then. Its origin may see tokens. */
  readonly tokenEndpoint?: string | undefined;
  /** Where a sign-out ends the session (RFC 7009), in place of what the metadata says. */
  readonly revocationEndpoint?: string | undefined;
  /** The origins that may see tokens. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /**
   * Hosts of the API that the login names. Patterns of `allowedOrigins` then only filter, and the auth server sees no tokens
   * unless it is in that list.
   */
  readonly originsOf?: AuthProvider<OAuth2PasswordExtra>['originsOf'] | undefined;
  /** The client that the server knows. Absent where it wants none. */
  readonly clientId?: string | undefined;
  /** A function is called before each exchange, within its deadline. */
  readonly clientSecret?: Secret | undefined;
  /**
   * Default: without `clientSecret` `'none'`; else `'basic'`, which every server must take, unless the metadata names
   * `client_secret_post` alone.
   */
  readonly clientAuthentication?: ClientAuthentication | undefined;
  /** Sends JSON, as some servers want it, in place of the form that the standard asks for. Default `'form'`. */
  readonly encoding?: 'form' | 'json' | undefined;
  /** What the token shall be good for: words between spaces. */
  readonly scope?: string | undefined;
  /** Further fields of the login, such as `audience`. They are part of the account, and not secret. */
  readonly parameters?: Readonly<Record<string, string>> | undefined;
  /**
   * For accounts with one-time codes, which go into the field `otp`, as Keycloak reads them. It is called at each login,
   * within the deadline of the exchange; the code that was sent last is not sent again.
   */
  readonly otp?: OneTimeCode | undefined;
}

/** What an account is made of. */
export interface OAuth2PasswordSettings extends ServerLocation {
  /** Whether the issuer is asked for its endpoints. */
  readonly isDiscovered: boolean;
  /** What issuers have said over this account's transport. */
  readonly metadata: MetadataCache;
  readonly tokenEndpoint: string | undefined;
  readonly revocationEndpoint: string | undefined;
  readonly username: string;
  readonly password: Secret | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: Secret | undefined;
  readonly clientAuthentication: ClientAuthentication | undefined;
  readonly encoding: 'form' | 'json';
  readonly scope: string | undefined;
  readonly parameters: Readonly<Record<string, string>> | undefined;
  readonly otp: OneTimeCode | undefined;
}

/** @throws AuthError `invalid_options` naming the option */
export function settingsOf(options: OAuth2PasswordProviderOptions): Omit<OAuth2PasswordSettings, 'metadata'> {
  assertOptions(options);
  const { username, password, issuer, tokenEndpoint, revocationEndpoint, encoding = 'form' } = options;
  const { clientId, clientSecret, clientAuthentication, scope, parameters, otp } = options;
  const { allowedOrigins, originsOf } = options;
  assertText('username', username);
  for (const [option, value] of Object.entries({ clientId, scope }))
    if (value !== undefined) assertText(option, value);
  if (clientSecret !== undefined) assertSecret('clientSecret', clientSecret);
  assertOneOf('encoding', encoding, ['form', 'json']);
  if (clientAuthentication !== undefined)
    assertOneOf('clientAuthentication', clientAuthentication, ['basic', 'body', 'none']);
  assertClient(clientId, clientSecret, clientAuthentication);
  if (parameters !== undefined) assertParameters(parameters);
  if (originsOf !== undefined && typeof originsOf !== 'function')
    throw invalidOption('originsOf', 'a function');
  if (issuer !== undefined && tokenEndpoint !== undefined)
    throw invalidOption('tokenEndpoint', 'nothing beside issuer, whose metadata names it');
  const name = issuer === undefined ? 'tokenEndpoint' : 'issuer';
  const baseUrl = issuer ?? tokenEndpoint;
  const { href } = parseBaseUrl(name, baseUrl);
  if (revocationEndpoint !== undefined)
    if (!isSafeBeside(href, parseBaseUrl('revocationEndpoint', revocationEndpoint).href))
      throw invalidOption('revocationEndpoint', `an https URL, or one at the origin of ${name}`);
  const place = originsOf === undefined ? { baseUrl, allowedOrigins } : { allowedOrigins };
  return {
    ...serverLocationOf(place, { issuer: href }),
    isDiscovered: issuer !== undefined,
    tokenEndpoint,
    revocationEndpoint,
    username,
    password,
    clientId,
    clientSecret,
    clientAuthentication,
    encoding,
    scope,
    parameters: parameters && Object.fromEntries(Object.entries(parameters).sort()),
    otp,
  };
}

/** Whether secrets that may be sent to one URL may be sent to the other: not unencrypted to another origin. */
export function isSafeBeside(url: string, other: string): boolean {
  if (!URL.canParse(other)) return false;
  const { protocol, origin, username, password, hash } = new URL(other);
  const isSafe = protocol === 'https:' || (protocol === 'http:' && origin === new URL(url).origin);
  return isSafe && username + password + hash === '';
}

function assertClient(
  clientId: string | undefined,
  clientSecret: Secret | undefined,
  how: ClientAuthentication | undefined,
): void {
  const hasSecret = clientSecret !== undefined;
  if (hasSecret && clientId === undefined)
    throw invalidOption('clientId', 'the client that clientSecret belongs to');
  if (how === undefined || hasSecret === (how !== 'none')) return;
  throw invalidOption(
    'clientAuthentication',
    hasSecret ? 'basic or body, with a clientSecret' : 'none, without one',
  );
}

const ownFields = [
  'grant_type',
  'username',
  'password',
  'client_id',
  'client_secret',
  'scope',
  'refresh_token',
  'otp',
];

function assertParameters(parameters: unknown): void {
  const isObject = typeof parameters === 'object' && parameters !== null;
  const isGood = ([field, value]: [string, unknown]): boolean =>
    typeof value === 'string' && !ownFields.includes(field);
  if (isObject && Object.entries(parameters).every(isGood)) return;
  throw invalidOption('parameters', `an object of texts, under other names than ${ownFields.join(', ')}`);
}
