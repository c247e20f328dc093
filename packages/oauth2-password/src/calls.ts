import type { ExchangeContext, IssuedTokens, TokenSet } from '@auth/core';
import { basicAuthorization, type LoginSecrets, secretOf, type TokenCall } from '@auth/provider-utils';
import { keycloak } from '@auth/provider-utils/wire';
import { metadataOf } from './discovery.js';
import type { Metadata } from './metadata-cache.js';
import type { OAuth2PasswordSettings } from './options.js';
import { type OAuth2PasswordExtra, parseTokens } from './wire.js';

type Tokens = TokenCall<IssuedTokens<OAuth2PasswordExtra>>;
type Fields = Readonly<Record<string, string | undefined>>;

/** RFC 6749 section 4.3.2. */
export async function login(
  settings: OAuth2PasswordSettings,
  { password, clientSecret, code }: LoginSecrets<OAuth2PasswordSettings>,
  context: ExchangeContext,
): Promise<Tokens> {
  const { username, scope, parameters } = settings;
  const server = await serverOf(settings, context);
  const fields = { ...parameters, grant_type: 'password', username, password, otp: code, scope };
  return { url: server.tokenEndpoint, ...sent(settings, server, clientSecret, fields), ...tokens };
}

/** RFC 6749 section 6. */
export async function refresh(
  settings: OAuth2PasswordSettings,
  { refreshToken, extra }: TokenSet<OAuth2PasswordExtra>,
  context: ExchangeContext,
): Promise<Tokens> {
  const server = await serverOf(settings, context);
  const fields = { grant_type: 'refresh_token', refresh_token: refreshToken };
  return {
    url: server.tokenEndpoint,
    ...sent(settings, server, await secretIn(settings), fields),
    ...tokens,
    ...(isKeycloak(server) ? { isClientRefused: keycloak.isClientRefused } : {}),
    // What a refresh does not name stays as the login named it.
    parse: (answer) => {
      const issued = parseTokens(answer);
      return { ...issued, extra: extra ? { ...extra, ...issued.extra } : issued.extra };
    },
  };
}

/** RFC 7009 section 2.1: the session ends with its refresh token. */
export async function revoke(
  settings: OAuth2PasswordSettings,
  { accessToken, refreshToken }: TokenSet<OAuth2PasswordExtra>,
  context: ExchangeContext,
): Promise<TokenCall<void> | undefined> {
  const server = await serverOf(settings, context);
  if (server.revocationEndpoint === undefined) return undefined;
  const fields = {
    token: refreshToken ?? accessToken,
    token_type_hint: refreshToken === undefined ? 'access_token' : 'refresh_token',
  };
  const call = sent({ ...settings, encoding: 'form' }, server, await secretIn(settings), fields);
  return { url: server.revocationEndpoint, ...call, parse: () => {} };
}

/** RFC 6749 section 5.2 says no as Keycloak does, but for the descriptions, and for the client at a refresh. */
const tokens = {
  parse: parseTokens,
  isRefused: keycloak.isRefused,
  serverCodes: keycloak.serverCodes,
  // Salesforce says the first of a consumer key that it does not know, as github.com/omniphx/forrest/issues/184 shows it.
  clientCodes: ['invalid_client_id', 'invalid_client_credentials'],
};

/** Elsewhere `unauthorized_client` may say that this client gets no refreshes, for which a login stands in. */
function isKeycloak({ tokenEndpoint }: Metadata): boolean {
  return /\/realms\/[^/]+\/protocol\/openid-connect\//.test(tokenEndpoint);
}

/** What the options say, and for the rest what the server says of itself. */
async function serverOf(
  { issuer, isDiscovered, metadata, tokenEndpoint, revocationEndpoint }: OAuth2PasswordSettings,
  context: ExchangeContext,
): Promise<Metadata> {
  const named = isDiscovered ? await metadataOf(issuer, metadata, context) : undefined;
  return {
    tokenEndpoint: tokenEndpoint ?? (named as Metadata).tokenEndpoint,
    revocationEndpoint: revocationEndpoint ?? named?.revocationEndpoint,
    wantsSecretInBody: named?.wantsSecretInBody ?? false,
  };
}

async function secretIn({ clientSecret }: OAuth2PasswordSettings): Promise<string | undefined> {
  return clientSecret === undefined ? undefined : secretOf('clientSecret', clientSecret);
}

/** Header and body of a call that names its client. */
function sent(
  { clientId, clientAuthentication, encoding }: OAuth2PasswordSettings,
  { wantsSecretInBody }: Metadata,
  clientSecret: string | undefined,
  fields: Fields,
): Pick<TokenCall<unknown>, 'headers' | 'body' | 'json'> {
  const isBasic =
    clientSecret !== undefined &&
    (clientAuthentication ?? (wantsSecretInBody ? 'body' : 'basic')) === 'basic';
  const client = isBasic ? {} : { client_id: clientId, client_secret: clientSecret };
  const body = Object.fromEntries(
    Object.entries({ ...fields, ...client }).filter(
      (field): field is [string, string] => field[1] !== undefined,
    ),
  );
  return {
    ...(isBasic ? { headers: { authorization: basicOf(clientId as string, clientSecret) } } : {}),
    ...(encoding === 'json' ? { json: body } : { body: new URLSearchParams(body) }),
  };
}

/** RFC 6749 section 2.3.1: both are encoded as in a form before they are joined. */
function basicOf(clientId: string, clientSecret: string): string {
  const encode = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
  return basicAuthorization(encode(clientId), encode(clientSecret));
}
