import {
  type AuthError,
  type AuthProvider,
  type FetchLike,
  type IssuedTokens,
  type TokenSet,
  toAuthError,
} from '@auth/core';
import type { ProviderFixture } from './provider-fixture.js';
import { check } from './test-function.js';

type Phase = 'login' | 'refresh';

/** Of answers that say they are JSON. */
export const jsonType: { readonly 'content-type': string } = { 'content-type': 'application/json' };

export function page(status: number): Response {
  return new Response('<!doctype html><title>One moment</title>', {
    status,
    headers: { 'content-type': 'text/html' },
  });
}

export function networkError(code: string): TypeError {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

export function counted(answer: FetchLike): {
  readonly fetch: FetchLike;
  readonly calls: { readonly url: string }[];
} {
  const calls: { url: string }[] = [];
  const fetch: FetchLike = (input, init) => {
    calls.push({ url: input instanceof Request ? input.url : String(input) });
    return answer(input, init);
  };
  return { fetch, calls };
}

/** Fails if a URL holds a secret or one of the tokens. */
export function checkUrls(
  calls: readonly { readonly url: string }[],
  secrets: readonly string[],
  { accessToken, refreshToken = accessToken }: IssuedTokens<unknown>,
): void {
  for (const { url } of calls)
    for (const text of [url, decoded(url), decoded(url.replaceAll('+', ' '))])
      for (const secret of [...secrets, accessToken, refreshToken])
        check(!text.includes(secret), 'a URL holds a secret');
}

/** A URL with a bare % has nothing to decode. */
function decoded(url: string): string {
  try {
    return decodeURIComponent(url);
  } catch {
    return url;
  }
}

/** Fails if a call goes elsewhere than to the issuer, or to an origin that the fixture names. */
export function checkOrigins(
  calls: readonly { readonly url: string }[],
  { provider, tokenOrigins = [] }: ProviderFixture,
): void {
  const known = [new URL(provider.issuer).origin, ...tokenOrigins];
  for (const { url } of calls) {
    const { origin } = new URL(url);
    check(known.includes(origin), `a call goes to ${origin}: name it in tokenOrigins, if it is the vendor's`);
  }
}

export async function login<Extra>(
  provider: AuthProvider<Extra>,
  fetch: FetchLike,
  signal: AbortSignal = new AbortController().signal,
): Promise<IssuedTokens<Extra>> {
  check(provider.prepareLogin !== undefined, 'the provider has no prepareLogin: give it credentials');
  const prepared = await provider.prepareLogin();
  return prepared.login({ fetch, signal });
}

export async function refresh<Extra>(
  provider: AuthProvider<Extra>,
  issued: IssuedTokens<Extra>,
  fetch: FetchLike,
  signal: AbortSignal = new AbortController().signal,
): Promise<IssuedTokens<Extra>> {
  const { refresh: send } = provider as Required<typeof provider>;
  return send.call(provider, tokenSetOf(issued), { fetch, signal });
}

export function tokenSetOf<Extra>(issued: IssuedTokens<Extra>): TokenSet<Extra> {
  return { ...issued, id: 'conformance', tokenType: 'Bearer', issuedAt: 0 } as TokenSet<Extra>;
}

/** What the session makes of an answer of the API. */
export async function isRefusal<Extra>(provider: AuthProvider<Extra>, response: Response): Promise<boolean> {
  const { status, headers, redirected } = response;
  const answer = { status, headers, url: response.url || 'https://api.example.com/', redirected };
  const isAsked = (!response.ok || redirected) && provider.isTokenRejected !== undefined;
  if (isAsked ? provider.isTokenRejected?.(answer) : status === 401) return true;
  const rule = provider.isBodyRejected;
  return rule?.test({ status, headers }) === true && rule.read(await response.clone().text());
}

/** Runs a check for the login and, where there is one, for the refresh. */
export async function forEachPhase<Extra>(
  { provider, fetch: real }: { readonly provider: AuthProvider<Extra>; readonly fetch: FetchLike },
  verify: (phase: Phase, run: (fetch: FetchLike, signal?: AbortSignal) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  await verify('login', (fetch, signal) => login(provider, fetch, signal));
  if (provider.refresh === undefined) return;
  const issued = await login(provider, real);
  await verify('refresh', (fetch, signal) => refresh(provider, issued, fetch, signal));
}

/** The error as the session will see it. Fails if the error holds a secret. */
export async function failureOf(
  phase: Phase,
  run: () => Promise<unknown>,
  secrets: readonly string[],
): Promise<AuthError> {
  let thrown: unknown;
  try {
    await run();
  } catch (error) {
    thrown = error;
  }
  check(thrown !== undefined, `the ${phase} brought tokens where it had to fail`);
  const error = toAuthError(thrown, { provider: 'conformance', phase });
  const shown = [error.message, error.stack, JSON.stringify(error), ...Object.values(error).map(String)].join(
    '\n',
  );
  for (const secret of secrets) check(!shown.includes(secret), `the ${phase}'s error holds a secret`);
  return error;
}
