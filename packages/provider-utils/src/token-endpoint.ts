import {
  AuthError,
  type AuthPhase,
  type ExchangeContext,
  isAuthError,
  reasonOf,
  toAuthError,
} from '@auth/core';
import ky from 'ky';
import { says } from './answers.js';
import type { Answer, TokenRequest } from './token-request.js';

/** Token answers are far smaller; a longer answer is something else, or hostile. */
const maxAnswerBytes = 1024 * 1024;

export async function callTokenEndpoint<Result>(
  request: TokenRequest<Result>,
  context: ExchangeContext,
): Promise<Result> {
  const { provider, phase } = request;
  const { origin, pathname } = new URL(request.url);
  const where = { provider, phase, url: origin + pathname };
  let response: Response;
  let read: { readonly text: string; readonly isWhole: boolean };
  try {
    response = await send(request, context);
    const limited = rateLimit(response, where);
    if (limited !== undefined) throw limited;
    read = await readText(response);
  } catch (error) {
    throw toAuthError(error, where);
  }
  const { status } = response;
  const unusable = (detail: string): AuthError =>
    new AuthError('invalid_response', { ...where, status, delivery: 'unknown', detail });
  try {
    return resultOf(request, where, response, read, unusable);
  } catch (error) {
    // The provider's own rules are asked too, and may throw anything.
    throw isAuthError(error) ? error : unusable(`reading it threw ${reasonOf(error)}`);
  }
}

/** What the answer comes to, by the provider's rules. @throws AuthError, and what a rule throws */
function resultOf<Result>(
  request: TokenRequest<Result>,
  where: { readonly provider: string; readonly phase: AuthPhase; readonly url: string },
  response: Response,
  { text, isWhole }: { readonly text: string; readonly isWhole: boolean },
  unusable: (detail: string) => AuthError,
): Result {
  const { status, headers } = response;
  const { phase } = request;
  const answer: Answer = { status, headers, body: isWhole ? parseJson(text) : undefined };
  const clientError = clientErrorOf(request, answer);
  if (clientError !== undefined) {
    const delivery = 'answered';
    throw new AuthError('client_refused', { ...where, status, delivery, serverCode: clientError });
  }
  const serverCode = serverCodeOf(answer.body, request.serverCodes);
  const isPageOnly = isPage(answer, text);
  if (status === 401 ? !isPageOnly : request.isRefused?.(answer)) {
    const code = phase === 'login' ? 'invalid_credentials' : 'refresh_refused';
    throw new AuthError(code, { ...where, status, delivery: 'answered', serverCode });
  }
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw unusable('redirects of a token endpoint are refused');
  }
  if (!response.ok) {
    const kind = isPageOnly ? 'page' : answer.body === undefined ? 'other' : 'json';
    const delivery = 'unknown';
    throw new AuthError('server_unavailable', { ...where, status, delivery, answer: kind, serverCode });
  }
  // RFC 7009 section 2.2: the status alone tells, and the body is to be ignored.
  if (phase === 'revoke') return request.parse(answer);
  if (!isWhole) throw unusable('it is longer than 1 MiB');
  if (answer.body === undefined) throw unusable('it is not JSON');
  try {
    return request.parse(answer);
  } catch (error) {
    throw isAuthError(error) ? unusable(error.detail ?? error.code) : error;
  }
}

async function send(request: TokenRequest<unknown>, { fetch, signal }: ExchangeContext): Promise<Response> {
  const { body, type } = await encoded(request);
  const headers = new Headers({ accept: 'application/json', ...type });
  // One by one, since a plain object may name one header in two spellings, and both would be sent.
  for (const [name, value] of Object.entries(request.headers ?? {})) headers.set(name, value);
  signal.throwIfAborted();
  return ky.post(request.url, {
    // URL and init apart, because another library's fetch does not accept the platform's Request. The body goes to the
    // transport alone: ky would wrap it in a stream, which it cancels, and Node's FormData does not survive that.
    // The signal goes to the transport alone: ky would join it with one of its own, by AbortSignal.any(), and Node
    // keeps such a signal for ever unless it aborts.
    fetch: (input) => {
      const { url, method, headers, redirect } = input as Request;
      const init = { method, headers: Object.fromEntries(headers), redirect, signal, ...uncached };
      return fetch(url, body === undefined ? init : { ...init, body });
    },
    headers,
    // The session alone decides what is sent again, and how long it waits.
    retry: 0,
    timeout: false,
    // ky's HTTPError carries request and body, which hold secrets.
    throwHttpErrors: false,
    redirect: 'manual',
  });
}

/** Frameworks that cache fetch, such as Next.js, must not cache a token. Some runtimes refuse a `cache` they lack. */
const uncached: { readonly cache?: 'no-store' } = 'cache' in Request.prototype ? { cache: 'no-store' } : {};

/** What any transport can send: another library's fetch may not know the platform's forms. */
async function encoded({ body: form, json }: Pick<TokenRequest<unknown>, 'body' | 'json'>): Promise<{
  readonly body?: ArrayBuffer | string;
  readonly type?: { readonly 'content-type': string };
}> {
  if (json !== undefined) return { body: JSON.stringify(json), type: { 'content-type': 'application/json' } };
  if (form === undefined) return {};
  if (form instanceof URLSearchParams)
    return {
      body: form.toString(),
      type: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    };
  const whole = new Response(form);
  const type = { 'content-type': whole.headers.get('content-type') as string };
  return { body: await whole.arrayBuffer(), type };
}

/** Decides by the headers alone, so that the server's pause counts even if the body cannot be read. */
function rateLimit(
  response: Response,
  where: { provider?: string; phase?: AuthPhase; url: string },
): AuthError | undefined {
  const { status, headers } = response;
  if (status !== 429 && !(status === 503 && headers.has('retry-after'))) return undefined;
  response.body?.cancel().catch(() => {});
  return new AuthError('rate_limited', {
    ...where,
    status,
    delivery: 'answered',
    retryAfterMs: retryAfterMs(headers),
  });
}

async function readText(response: Response): Promise<{ readonly text: string; readonly isWhole: boolean }> {
  // React Native's fetch has no streams.
  if (!response.body) return { text: await response.text(), isWhole: true };
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.byteLength;
    if (length > maxAnswerBytes) {
      reader.cancel().catch(() => {});
      return { text, isWhole: false };
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return { text: text + decoder.decode(), isWhole: true };
}

/**
 * Fetches what a server says of itself: no secret is sent, no redirect followed, at most 1 MiB read.
 *
 * @throws AuthError `rate_limited`
 */
export async function fetchJson(url: string, { fetch, signal }: ExchangeContext): Promise<Answer> {
  const init = { headers: { accept: 'application/json' }, redirect: 'manual', signal, ...uncached } as const;
  const response = await fetch(url, init);
  const limited = rateLimit(response, { url });
  if (limited !== undefined) throw limited;
  const { text, isWhole } = await readText(response);
  return { status: response.status, headers: response.headers, body: isWhole ? parseJson(text) : undefined };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An HTML page of a proxy, a gateway or a captcha. Servers label JSON and plain text as HTML too: check the text. */
function isPage({ headers, body }: Answer, text: string): boolean {
  if (body !== undefined || !/^\s*</.test(text)) return false;
  return (
    /html/i.test(headers.get('content-type') ?? '') ||
    /<(!doctype html|html|head|body|script)\b/i.test(text.slice(0, 1024))
  );
}

/**
 * RFC 9110 section 10.2.3: seconds, or a date, which counts from the answer's own Date and not from our clock. Of a header
 * that is given twice the longer wait counts.
 */
function retryAfterMs(headers: Headers): number | undefined {
  // The parts of a header that is given twice are joined by a comma. A date has a comma of its own, before its day.
  const waits = (headers.get('retry-after') ?? '').split(/,(?!\s*\d{1,2}[ -][A-Za-z])/).map((value) => {
    const isSeconds = /^\s*\d+(\.\d*)?\s*$/.test(value);
    const sinceMs = Date.parse(headers.get('date') ?? '');
    return isSeconds ? Math.ceil(Number(value)) * 1000 : Math.max(0, dateIn(value) - sinceMs);
  });
  const known = waits.filter(Number.isFinite);
  return known.length === 0 ? undefined : Math.max(...known);
}

/** Only dates with the name of a day: `Date.parse` reads nearly anything as a date. */
function dateIn(value: string): number {
  return /^\s*[A-Za-z]{3,9},? /.test(value) ? Date.parse(value) : Number.NaN;
}

/**
 * The word for a refusal of the client, rather than of the password or the token (RFC 6749 section 5.2). At a refresh
 * most of these words only tell that the endpoint does not know the request.
 */
function clientErrorOf(request: TokenRequest<unknown>, answer: Answer): string | undefined {
  const { status, body } = answer;
  if (status < 400 || status >= 500) return undefined;
  const own = request.clientCodes?.find((each) => says(body, 'error', each));
  if (own !== undefined) return own;
  const word = clientErrors.find((each) => says(body, 'error', each));
  if (word === undefined) return undefined;
  const isAboutClient = request.phase === 'login' || word === 'invalid_client' || status === 401;
  return isAboutClient || request.isClientRefused?.(answer) === true ? word : undefined;
}

const clientErrors = [
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'invalid_request',
  'unsupported_grant_type',
] as const;

function serverCodeOf(body: unknown, known: readonly string[] | undefined): string | undefined {
  if (typeof body !== 'object' || body === null || known === undefined) return undefined;
  const { error, detail, error_description } = body as Record<string, unknown>;
  // The more specific fields first: Keycloak's `error` is invalid_grant for everything.
  return (
    known.find((code) => [error_description, detail].includes(code)) ?? known.find((code) => error === code)
  );
}
