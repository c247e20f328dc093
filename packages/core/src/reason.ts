import { AuthError, type AuthPhase, type Delivery, isAuthError } from './errors.js';

/**
 * Makes an {@link AuthError} of whatever a transport or a provider threw. The error itself, which may hold request
 * and answer, is dropped; its code or class name stays. The failure counts as a lost answer, unless no connection was
 * established.
 */
export function toAuthError(
  error: unknown,
  where: { readonly provider: string; readonly phase: AuthPhase; readonly url?: string },
): AuthError {
  if (isAuthError(error)) {
    return error.provider === undefined ? new AuthError(error.code, { ...error, ...where }) : error;
  }
  const delivery: Delivery = neverConnected(error) ? 'not_sent' : 'unknown';
  return new AuthError('network', { ...where, delivery, detail: reasonOf(error) });
}

/** A word for an error that is safe to print: its own code, or its class name. */
export function reasonOf(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  const isCode = (code: unknown): code is string =>
    typeof code === 'string' && (safeWord.test(code) || sqlState.test(code));
  for (const { code } of causesOf(error)) if (isCode(code)) return code;
  return safeWord.test(name) ? name : 'Error';
}

const safeWord = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;
/** A database's code of SQL: two characters for the class and three for the subclass, such as 25006. */
const sqlState = /^[0-9A-Z]{5}$/;

/** What errors of the platform, of undici and of drivers may carry. */
interface SystemError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  readonly errors?: unknown;
}

/** The error and its chain of causes, at most eight in all. */
function causesOf(error: unknown): readonly SystemError[] {
  const chain: SystemError[] = [];
  let current: unknown = error;
  while (typeof current === 'object' && current !== null && chain.length < 8) {
    const link: SystemError = current;
    chain.push(link);
    current = link.cause ?? (Array.isArray(link.errors) ? link.errors[0] : undefined);
  }
  return chain;
}

/** Codes of Node, undici and Bun for a connection that was never established: DNS, TCP, TLS. */
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
