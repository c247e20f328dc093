import { AuthError, type ExchangeContext, isAuthError, reasonOf } from '@auth/core';
import { readJson } from '@auth/provider-utils/wire';
import { isSafeBeside } from './options.js';
import { metadataAnswer } from './wire.js';

/** What a server says of itself. */
export interface Metadata {
  readonly tokenEndpoint: string;
  readonly revocationEndpoint: string | undefined;
  /** Whether clients can name their secret in the body alone. */
  readonly wantsSecretInBody: boolean;
}

/** Servers move their endpoints seldom, and say so beforehand. */
const keptMs = 3_600_000;
const keptIssuers = 256;

interface Kept {
  readonly metadata: Metadata;
  readonly at: number;
}

/** Thousands of accounts on one server ask for its metadata once. */
const known = new Map<string, Kept>();

/**
 * The metadata of an issuer, by OpenID Connect Discovery 1.0 section 4 or else by RFC 8414 section 3. No secret is sent.
 *
 * @throws AuthError `server_unavailable`, `network` or `invalid_response`
 */
export async function metadataOf(issuer: string, context: ExchangeContext): Promise<Metadata> {
  const kept = known.get(issuer);
  const now = performance.now();
  if (kept !== undefined && now - kept.at < keptMs) return kept.metadata;
  const metadata = await ask(issuer, context);
  if (known.size >= keptIssuers) known.clear();
  known.set(issuer, { metadata, at: now });
  return metadata;
}

async function ask(issuer: string, { fetch, signal }: ExchangeContext): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const places = [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
  let status = 0;
  for (const url of places) {
    try {
      const response = await fetch(url, {
        headers: { accept: 'application/json' },
        redirect: 'manual',
        signal,
      });
      status = response.status;
      if (response.ok) return metadataIn(issuer, url, await readJson(response));
      response.body?.cancel().catch(() => {});
    } catch (error) {
      if (signal.aborted || isAuthError(error)) throw error;
      throw new AuthError('network', { ...where(url), detail: reasonOf(error) });
    }
  }
  throw new AuthError('server_unavailable', { ...where(places[0]), status });
}

function metadataIn(issuer: string, url: string, body: unknown): Metadata {
  const invalid = (detail: string): AuthError =>
    new AuthError('invalid_response', { ...where(url), detail: `the metadata: ${detail}` });
  const answer = metadataAnswer(body);
  if (answer === undefined) throw invalid('it lacks issuer or token_endpoint');
  const { tokenEndpoint, revocationEndpoint, authMethods } = answer;
  // RFC 8414 section 3.3: else anybody who answers could take the passwords.
  if (answer.issuer.replace(/\/+$/, '') !== issuer) throw invalid('it is of another issuer');
  for (const endpoint of [tokenEndpoint, revocationEndpoint ?? tokenEndpoint])
    if (!URL.canParse(endpoint) || !isSafeBeside(issuer, endpoint))
      throw invalid('an endpoint is no https URL, nor at the origin of the issuer');
  const wantsSecretInBody =
    authMethods?.includes('client_secret_post') === true && !authMethods.includes('client_secret_basic');
  return { tokenEndpoint, revocationEndpoint, wantsSecretInBody };
}

function where(url: string | undefined) {
  return { provider: 'oauth2-password', delivery: 'not_sent', url } as const;
}
