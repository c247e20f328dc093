import type { SessionContext } from '../context.js';
import { within } from '../deadline.js';
import { AuthError, type AuthPhase, type Delivery, isAuthError } from '../errors.js';
import type { ExchangeContext, FetchLike } from '../provider.js';
import { causesOf, reasonOf } from '../reason.js';

/** Runs one call of the provider against its server, under the session's deadline, over the bare transport. */
export async function callServer<Result>(
  context: SessionContext,
  phase: AuthPhase,
  call: (exchangeContext: ExchangeContext) => Promise<Result>,
): Promise<Result> {
  const { name } = context.provider;
  const late = (): AuthError => new AuthError('timeout', { provider: name, phase, delivery: 'unknown' });
  try {
    return await within(context.clock, context.timeouts.exchangeMs, late, (signal) =>
      call({ fetch: transportOf(context, signal), signal }),
    );
  } catch (error) {
    throw toAuthError(error, { provider: name, phase });
  }
}

/**
 * Makes an {@link AuthError} of whatever a transport or a provider threw. The error itself, which may hold request
 * and answer, is dropped; its code or class name stays. A failure that says no better counts as a lost answer.
 */
export function toAuthError(
  error: unknown,
  where: { readonly provider: string; readonly phase: AuthPhase },
): AuthError {
  if (isAuthError(error)) {
    return error.provider === undefined ? new AuthError(error.code, { ...error, ...where }) : error;
  }
  const delivery: Delivery = neverConnected(error) ? 'not_sent' : 'unknown';
  return new AuthError('network', { ...where, delivery, detail: reasonOf(error) });
}

/** Whether the server may have acted on the request without our learning of it. */
export function isAnswerLost(error: AuthError): boolean {
  return lostCodes.has(error.code) && error.delivery !== 'not_sent';
}

/** The bare transport. What another session's fetch throws in its place is no word of our server. */
function transportOf({ fetch }: SessionContext, signal: AbortSignal): FetchLike {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      throw isAuthError(error) && error !== signal.reason ? new TypeError('the transport failed') : error;
    }
  };
}

const lostCodes: ReadonlySet<string> = new Set([
  'network',
  'timeout',
  'server_unavailable',
  'invalid_response',
]);

/** Codes of Node, undici and Bun for a connection that never stood: DNS, TCP, TLS. */
const notSentCodes =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket|ERR_SSL_WRONG_VERSION_NUMBER|CERT_.+|ERR_TLS_CERT_.+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.+)$/;

function neverConnected(error: unknown): boolean {
  return causesOf(error).some(
    ({ code, syscall, message }) =>
      (typeof code === 'string' && notSentCodes.test(code)) ||
      syscall === 'connect' ||
      syscall === 'getaddrinfo' ||
      // Deno has no codes.
      (typeof message === 'string' && message.includes('client error (Connect)')),
  );
}
