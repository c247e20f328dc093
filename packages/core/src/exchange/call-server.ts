import { elapsedMs } from '../clock.js';
import type { SessionContext } from '../context.js';
import { withDeadline } from '../deadline.js';
import { type AuthError, type AuthPhase, isAuthError } from '../errors.js';
import type { ExchangeContext, FetchLike } from '../provider.js';
import { toAuthError } from '../reason.js';
import { isNodeStream, readerOf } from '../request/body-reader.js';

/** Runs one call of the provider against its server, under the session's deadline, over the bare transport. */
export async function callServer<Result>(
  context: SessionContext,
  phase: AuthPhase,
  call: (exchangeContext: ExchangeContext) => Promise<Result>,
): Promise<Result> {
  const { name } = context.provider;
  const controller = new AbortController();
  const { signal } = controller;
  // Thrown even if the provider ignores the signal.
  const late = (): AuthError => {
    const error = context.error('timeout', { phase, delivery: 'unknown' });
    controller.abort(error);
    return error;
  };
  try {
    const calling = call({ fetch: transportOf(context, signal), signal });
    return await withDeadline(context.clock, context.timeouts.exchangeMs, late, calling);
  } catch (error) {
    throw toAuthError(error, { provider: name, phase });
  }
}

/** Whether the server may have acted on the request without our learning of it. */
export function isAnswerLost(error: AuthError): boolean {
  return lostCodes.has(error.code) && error.delivery !== 'not_sent';
}

/** Tells of an exchange that has failed. `resend`: it is sent once more. */
export function emitFailure(
  context: SessionContext,
  phase: AuthPhase,
  { code, url, status, delivery, serverCode }: AuthError,
  sentAt: number,
  resend: boolean,
): void {
  const durationMs = elapsedMs(context.clock, sentAt);
  const type = 'exchange_failed';
  context.emit({ type, phase, code, url, status, delivery, serverCode, durationMs, resend });
}

/** The bare transport. If it is another session's fetch, an AuthError of that session says nothing of our server. */
function transportOf({ fetch }: SessionContext, signal: AbortSignal): FetchLike {
  return async (input, init) => {
    try {
      return withWebBody(await fetch(input, init));
    } catch (error) {
      throw isAuthError(error) && error !== signal.reason ? new TypeError('the transport failed') : error;
    }
  };
}

/** An answer whose body is a Node stream, as a Response of the platform; any other stays itself. */
function withWebBody(response: Response): Response {
  const { body, status, statusText } = response;
  if (!isNodeStream(body)) return response;
  const { read, cancel } = readerOf(body);
  const web = new ReadableStream({
    pull: async (controller) => {
      const { value } = await read();
      if (value === undefined) controller.close();
      else controller.enqueue(value);
    },
    cancel,
  });
  const isEmpty = status === 204 || status === 205 || status === 304;
  const whole = new Response(isEmpty ? null : web, { status, statusText, headers: headersOf(response) });
  const { url, redirected } = response;
  return Object.defineProperties(whole, { url: { value: url }, redirected: { value: redirected } });
}

/** node-fetch joins cookies by commas, and has them apart in `raw()` alone. */
function headersOf({ headers }: Response): Headers {
  const whole = new Headers([...headers]);
  const { raw } = headers as { raw?(): Readonly<Record<string, readonly string[]>> };
  if (typeof raw !== 'function') return whole;
  whole.delete('set-cookie');
  for (const cookie of raw.call(headers)['set-cookie'] ?? []) whole.append('set-cookie', cookie);
  return whole;
}

const lostCodes: ReadonlySet<string> = new Set([
  'network',
  'timeout',
  'server_unavailable',
  'invalid_response',
]);
