import type { TokenSet } from '@auth/core';
import { assertOneOf, assertText, invalidOption } from '@auth/provider-utils';
import type { OAuth2PasswordProviderOptions } from './options.js';
import type { OAuth2PasswordExtra } from './wire.js';

/** What a preset fills in: spread it into the options. */
export type OAuth2PasswordPreset = Pick<
  OAuth2PasswordProviderOptions,
  'issuer' | 'tokenEndpoint' | 'allowedOrigins' | 'clientAuthentication' | 'originsOf'
>;

/**
 * A realm of Keycloak, whose metadata names the rest (keycloak.org/securing-apps/oidc-layers). The client needs "Direct
 * access grants". `url` is where Keycloak is, in old versions with `/auth` at its end.
 */
export function keycloak({
  url,
  realm,
}: {
  readonly url: string;
  readonly realm: string;
}): OAuth2PasswordPreset {
  assertText('url', url);
  assertText('realm', realm);
  return { issuer: `${url.replace(/\/+$/, '')}/realms/${encodeURIComponent(realm)}` };
}

/** An IdentityServer, by its URL (docs.duendesoftware.com/identityserver/reference/endpoints/token). */
export function identityServer(url: string): OAuth2PasswordPreset {
  assertText('url', url);
  return { issuer: url };
}

/**
 * An instance of Acumatica, by its URL (help.myob.com.au, "Resource Owner Password Credentials Flow: Obtaining of an Access
 * Token"). Ask for the scopes `api` and `offline_access`: without the second there are no refresh tokens.
 */
export function acumatica(url: string): OAuth2PasswordPreset {
  assertText('url', url);
  return { issuer: `${url.replace(/\/+$/, '')}/identity` };
}

/**
 * An instance of ServiceNow, by its name (servicenow.com/docs, "OAuth API request parameters"): its form names the client
 * in the body. A login within the life of a token returns that token again.
 */
export function serviceNow(instance: string): OAuth2PasswordPreset {
  const isName = typeof instance === 'string' && /^[a-z0-9-]+$/i.test(instance);
  if (!isName) throw invalidOption('instance', 'the name before .service-now.com');
  const origin = `https://${instance.toLowerCase()}.service-now.com`;
  return {
    tokenEndpoint: `${origin}/oauth_token.do`,
    allowedOrigins: [origin],
    clientAuthentication: 'body',
  };
}

/**
 * Salesforce (developer.salesforce.com, "Understanding the Username-Password OAuth Authentication Flow"). The password is
 * the user's with the security token at its end. There is no refresh token, and no lifetime is named. The API is where the
 * login says, and the token goes nowhere else. Other domains than those of production, sandboxes and Developer Edition go
 * into `allowedOrigins`.
 */
export function salesforce(environment: 'production' | 'sandbox' = 'production'): OAuth2PasswordPreset {
  assertOneOf('environment', environment, ['production', 'sandbox']);
  const host = environment === 'production' ? 'login' : 'test';
  return {
    tokenEndpoint: `https://${host}.salesforce.com/services/oauth2/token`,
    // Patterns only filter what the login names.
    allowedOrigins: [
      'https://*.salesforce.com',
      'https://*.my.salesforce.com',
      'https://*.sandbox.my.salesforce.com',
      'https://*.develop.my.salesforce.com',
    ],
    clientAuthentication: 'body',
    originsOf: instanceOf,
  };
}

function instanceOf({ extra }: TokenSet<OAuth2PasswordExtra>): readonly string[] {
  const url = extra?.instanceUrl;
  return url !== undefined && URL.canParse(url) ? [new URL(url).origin] : [];
}
