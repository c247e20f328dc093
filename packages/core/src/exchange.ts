import type { SessionContext } from './context.js';
import { within } from './deadline.js';
import { AuthError, type AuthPhase, type Delivery, isAuthError } from './errors.js';
import type { ExchangeContext } from './provider.js';

/** Runs one call of the provider against its server, under the session's deadline, over the bare transport. */
export async function exchange<Result>(
  context: SessionContext,
  phase: AuthPhase,
  call: (exchangeContext: ExchangeContext) => Promise<Result>,
): Promise<Result> {
  const { name } = context.provider;
  const late = (): AuthError => new AuthError('timeout', { provider: name, phase, delivery: 'unknown' });
  try {
    return await within(context.clock, context.timeouts.exchangeMs, late, (signal) =>
      call({ fetch: context.fetch, signal }),
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
  const code = systemCodeOf(error);
  const delivery: Delivery = code !== undefined && notSentCodes.test(code) ? 'not_sent' : 'unknown';
  return new AuthError('network', { ...where, delivery, detail: reasonOf(error) });
}

/** A failure of the moment, which says nothing about tokens or passwords. */
export function isTransient(error: AuthError): boolean {
  return transientCodes.has(error.code);
}

/** Whether the server may have acted on the request without our learning of it. */
export function isAnswerLost(error: AuthError): boolean {
  return isTransient(error) && error.delivery !== 'not_sent';
}

/** A word for an error that is safe to print: its own code, or its class name. */
export function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  return systemCodeOf(error) ?? (safeWord.test(name) ? name : 'Error');
}

const transientCodes: ReadonlySet<string> = new Set([
  'network',
  'timeout',
  'server_unavailable',
  'invalid_response',
]);

/** The connection never stood: DNS, TCP, TLS (Node's and undici's codes, and Bun's). */
const notSentCodes =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOSTUNREACH|ENETUNREACH|ENETDOWN|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|FailedToOpenSocket|CERT_.+|ERR_TLS_CERT_.+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_.+)$/;

const safeWord = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

function systemCodeOf(error: unknown): string | undefined {
  let current: unknown = error;
  for (let depth = 0; depth < 8 && typeof current === 'object' && current !== null; depth++) {
    const { code, cause, errors } = current as { code?: unknown; cause?: unknown; errors?: unknown };
    if (typeof code === 'string' && safeWord.test(code)) return code;
    current = cause ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return undefined;
}
