import {
  AuthError,
  type ExchangeContext,
  isAuthError,
  reasonOf,
  systemClock,
  withDeadline,
} from '@auth/core';
import { fetchJson } from '@auth/provider-utils/wire';
import type { Metadata, MetadataCache } from './metadata-cache.js';
import { isSafeBeside } from './options.js';
import { metadataAnswer } from './wire.js';

/** Servers move their endpoints seldom, and say so beforehand. */
const keptMs = 3_600_000;
/** Where an issuer cannot be asked again, what it said before stands, and it is asked so long after. */
const retryMs = 60_000;
const keptIssuers = 256;
/** The issuer's answer is waited for so long: shorter than an exchange. */
const answerMs = 5_000;

/**
 * The metadata of an issuer, by OpenID Connect Discovery 1.0 section 4 or else by RFC 8414 section 3. Callers share one
 * question, and no secret is sent.
 *
 * @throws AuthError `server_unavailable`, `rate_limited`, `network`, `timeout` or `invalid_response`
 */
export async function metadataOf(
  issuer: string,
  cache: MetadataCache,
  { fetch, signal }: ExchangeContext,
): Promise<Metadata> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([sharedMetadata(issuer, cache, fetch), aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function sharedMetadata(
  issuer: string,
  cache: MetadataCache,
  fetch: ExchangeContext['fetch'],
): Promise<Metadata> {
  const kept = cache.get(issuer);
  const askedAt = performance.now();
  if (kept !== undefined && askedAt - kept.askedAt < keptMs) return kept.metadata;
  const metadata = ask(issuer, fetch).catch((error: unknown) => {
    cache.delete(issuer);
    if (kept === undefined) throw error;
    cache.set(issuer, { metadata: kept.metadata, askedAt: askedAt - keptMs + retryMs });
    return kept.metadata;
  });
  if (cache.size >= keptIssuers) cache.clear();
  cache.set(issuer, { metadata, askedAt });
  return metadata;
}

async function ask(issuer: string, fetch: ExchangeContext['fetch']): Promise<Metadata> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const first = `${origin}${path}/.well-known/openid-configuration`;
  const places = [first, `${origin}/.well-known/oauth-authorization-server${path}`];
  const controller = new AbortController();
  const late = (): AuthError => {
    controller.abort();
    return failed('timeout', first);
  };
  const searching = search(issuer, places, { fetch, signal: controller.signal });
  return withDeadline(systemClock, answerMs, late, searching);
}

async function search(
  issuer: string,
  places: readonly string[],
  context: ExchangeContext,
): Promise<Metadata> {
  let problem: AuthError | undefined;
  for (const url of places) {
    const { status, body } = await fetchJson(url, context).catch((error: unknown) => {
      throw isAuthError(error) ? error : failed('network', url, { detail: reasonOf(error) });
    });
    const answer = status === 200 ? metadataAnswer(body) : undefined;
    if (answer !== undefined) return checked(issuer, url, answer);
    // Of a server that has nothing there, one answers 404 and another a page.
    problem ??=
      status === 200
        ? failed('invalid_response', url, { status, detail: 'it is no metadata' })
        : failed('server_unavailable', url, { status });
    if (status >= 500) break;
  }
  throw problem;
}

function checked(
  issuer: string,
  url: string,
  { issuer: named, ...answer }: NonNullable<ReturnType<typeof metadataAnswer>>,
): Metadata {
  const { tokenEndpoint, revocationEndpoint, authMethods } = answer;
  const invalid = (detail: string): AuthError => failed('invalid_response', url, { detail });
  // RFC 8414 section 3.3: else anybody who answers could take the passwords.
  if (!isSame(issuer, named)) throw invalid('the metadata is of another issuer');
  for (const endpoint of [tokenEndpoint, revocationEndpoint ?? tokenEndpoint])
    if (!isSafeBeside(issuer, endpoint))
      throw invalid('an endpoint of the metadata is no https URL, nor at the origin of the issuer');
  const wantsSecretInBody =
    authMethods?.includes('client_secret_post') === true && !authMethods.includes('client_secret_basic');
  return { tokenEndpoint, revocationEndpoint, wantsSecretInBody };
}

/** Whether two spellings name one issuer. Some servers name themselves in small letters, whatever they were asked as. */
function isSame(issuer: string, named: string): boolean {
  const plain = (url: string): string => new URL(url).href.replace(/\/+$/, '').toLowerCase();
  return URL.canParse(named) && plain(named) === plain(issuer);
}

function failed(
  code: AuthError['code'],
  url: string,
  details: { readonly status?: number; readonly detail?: string } = {},
): AuthError {
  return new AuthError(code, { ...details, url, delivery: 'not_sent' });
}
