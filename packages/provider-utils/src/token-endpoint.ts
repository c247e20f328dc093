import { AuthError, type ExchangeContext, toAuthError } from '@auth/core';
import ky from 'ky';
import type { Answer, TokenRequest } from './request-tokens.js';

/** No token answer is near this; a longer one is something else, or hostile. */
const maxAnswerBytes = 1024 * 1024;

export async function callTokenEndpoint<Result>(
  request: TokenRequest<Result>,
  context: ExchangeContext,
): Promise<Result> {
  const { provider, phase } = request;
  const where = { provider, phase };
  let response: Response;
  let text: string | undefined;
  try {
    response = await send(request, context);
    text = await readText(response);
  } catch (error) {
    throw toAuthError(error, where);
  }
  const { status, headers } = response;
  if (text === undefined) throw unusable(where, status, 'it is longer than 1 MiB');
  const answer: Answer = { status, headers, body: parseJson(text) };
  if (status === 429 || (status === 503 && headers.has('retry-after'))) {
    throw new AuthError('rate_limited', {
      ...where,
      status,
      delivery: 'answered',
      retryAfterMs: retryAfterMs(headers),
    });
  }
  const serverCode = serverCodeOf(answer.body, request.serverCodes);
  if (status === 401 ? !isHtml(headers, text) : request.isRefused(answer)) {
    const code = phase === 'login' ? 'invalid_credentials' : 'refresh_refused';
    throw new AuthError(code, { ...where, status, delivery: 'answered', serverCode });
  }
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    throw unusable(where, status, 'redirects of a token endpoint are refused');
  }
  if (!response.ok)
    throw new AuthError('server_unavailable', { ...where, status, delivery: 'unknown', serverCode });
  if (answer.body === undefined) throw unusable(where, status, 'it is not JSON');
  try {
    return request.parse(answer);
  } catch (error) {
    throw toAuthError(error, where);
  }
}

function send(
  { url, headers, body }: TokenRequest<unknown>,
  { fetch, signal }: ExchangeContext,
): Promise<Response> {
  return ky.post(url, {
    fetch,
    signal,
    headers: { accept: 'application/json', ...headers },
    ...(body === undefined ? {} : { body }),
    // The session alone decides what is sent again, and how long it waits.
    retry: 0,
    timeout: false,
    // ky's HTTPError carries request and body: no status becomes one.
    throwHttpErrors: false,
    redirect: 'manual',
  });
}

/** Undefined where the answer is too long. */
async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    length += part.value.byteLength;
    if (length > maxAnswerBytes) {
      reader.cancel().catch(() => {});
      return undefined;
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text + decoder.decode();
}

function unusable(
  where: { provider: string; phase: 'login' | 'refresh' },
  status: number,
  detail: string,
): AuthError {
  return new AuthError('invalid_response', { ...where, status, delivery: 'unknown', detail });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHtml(headers: Headers, text: string): boolean {
  return (
    /\bhtml\b/i.test(headers.get('content-type') ?? '') || /^\s*<(!doctype|html|head|body)\b/i.test(text)
  );
}

/** RFC 9110 section 10.2.3: seconds, or a date, which counts from the answer's own Date and not from our clock. */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const until = Date.parse(value) - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(until) ? Math.max(0, until) : undefined;
}

function serverCodeOf(body: unknown, known: readonly string[] | undefined): string | undefined {
  if (typeof body !== 'object' || body === null || known === undefined) return undefined;
  const { error, detail, error_description } = body as Record<string, unknown>;
  // The more telling one first: Keycloak says invalid_grant for everything.
  return (
    known.find((code) => [error_description, detail].includes(code)) ?? known.find((code) => error === code)
  );
}
