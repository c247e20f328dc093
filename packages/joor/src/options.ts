import { parseBaseUrl } from '@auth/core';
import {
  assertOneOf,
  assertOptions,
  assertSecret,
  assertText,
  invalidOption,
  type PasswordOptions,
  type Secret,
  type ServerLocation,
  type ServerLocationOptions,
} from '@auth/provider-utils';

export type JoorEnvironment = 'sandbox' | 'production';

/** Options of `joorProvider`. `environment` or `baseUrl` is needed. */
export interface JoorProviderOptions extends PasswordOptions, ServerLocationOptions {
  /** `sandbox` or `production`: the token URL, and the API's origin. */
  readonly environment?: JoorEnvironment | undefined;
  /** The URL of /auth/ itself, in place of the environment's. */
  readonly baseUrl?: string | undefined;
  /** From JOOR, with the secret. */
  readonly clientId: string;
  /** With `refresh`, a function is called within the exchange's own deadline. */
  readonly clientSecret: Secret;
  /** Further form fields of the login, such as `g-recaptcha-response`. */
  readonly extraFields?: Readonly<Record<string, string>> | undefined;
  /**
   * The Keycloak token endpoint behind JOOR, which JOOR gives on request. With it the session uses refresh tokens;
   * without it the session logs in again, because JOOR documents no refresh.
   */
  readonly refresh?:
    | {
        /** An https URL, or one at the origin of `baseUrl`. */
        readonly tokenEndpoint: string;
      }
    | undefined;
}

/** What an account on JOOR is made of. */
export interface JoorSettings extends ServerLocation {
  readonly username: string;
  readonly password: Secret | undefined;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly extraFields: Readonly<Record<string, string>> | undefined;
  readonly tokenEndpoint: string | undefined;
}

/** JOOR's two environments (its page on authorization tokens). */
export const environments = {
  sandbox: {
    issuer: 'https://atlas-sandbox.jooraccess.com/auth/',
    allowedOrigins: ['https://apisandbox.jooraccess.com'],
  },
  production: {
    issuer: 'https://atlas.jooraccess.com/auth/',
    allowedOrigins: ['https://api.jooraccess.com'],
  },
} as const;

/** @throws AuthError `invalid_options` naming the option */
export function assertJoorOptions(options: JoorProviderOptions): void {
  assertOptions(options);
  const { environment, baseUrl, clientId, clientSecret, username, extraFields } = options;
  if (environment !== undefined) assertOneOf('environment', environment, ['sandbox', 'production']);
  else if (baseUrl === undefined) throw invalidOption('environment', 'sandbox or production');
  assertLine('clientId', clientId);
  assertSecret('clientSecret', clientSecret);
  assertLine('username', username);
  if (extraFields !== undefined) assertExtraFields(extraFields);
}

function assertLine(option: string, value: unknown): void {
  assertText(option, value);
  if (/[\r\n]/.test(value))
    throw invalidOption(option, 'a text without line breaks, which multipart/form-data changes');
}

const ownFields = ['client_id', 'grant_type', 'client_secret', 'username', 'password'];

function assertExtraFields(fields: unknown): void {
  if (typeof fields !== 'object' || fields === null) throw invalidOption('extraFields', 'an object of texts');
  for (const [field, value] of Object.entries(fields)) {
    if (ownFields.includes(field) || typeof value !== 'string' || /[\r\n]/.test(value)) {
      throw invalidOption(
        'extraFields',
        `texts without line breaks, under other names than ${ownFields.join(', ')}`,
      );
    }
  }
}

/** @throws AuthError `invalid_options` if client secrets would go unencrypted to another origin */
export function assertTokenEndpoint(tokenEndpoint: string, issuer: string): void {
  const { protocol, origin } = parseBaseUrl('refresh.tokenEndpoint', tokenEndpoint);
  if (protocol !== 'https:' && !`${issuer}/`.startsWith(`${origin}/`)) {
    throw invalidOption('refresh.tokenEndpoint', 'an https URL, or one at the origin of baseUrl');
  }
}
