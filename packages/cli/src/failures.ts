import { type AuthErrorCode, findAuthError, reasonOf } from '@auth/core';

/** What the program ends with. They are stable; `exec` and `curl` end with what they have run. */
export const exitCodes = {
  ok: 0,
  usage: 2,
  /** A person must sign in. */
  person: 3,
  /** A secret or a client was refused: nothing is sent until it changes. */
  blocked: 4,
  rateLimited: 5,
  later: 6,
  store: 7,
} as const;

/** What `exec` ends with where the command was not run: the numbers of shells. */
export const beforeCommand = { noToken: 125, notExecutable: 126, notFound: 127 } as const;

const byCode: Readonly<Record<AuthErrorCode, number>> = {
  invalid_credentials: exitCodes.blocked,
  client_refused: exitCodes.blocked,
  login_blocked: exitCodes.blocked,
  refresh_refused: exitCodes.person,
  reauthentication_required: exitCodes.person,
  signed_out: exitCodes.person,
  credentials_unavailable: exitCodes.later,
  rate_limited: exitCodes.rateLimited,
  server_unavailable: exitCodes.later,
  network: exitCodes.later,
  timeout: exitCodes.later,
  invalid_response: exitCodes.later,
  lock_timeout: exitCodes.later,
  queue_unavailable: exitCodes.later,
  disposed: exitCodes.later,
  invalid_options: exitCodes.usage,
  origin_not_allowed: exitCodes.usage,
  insecure_url: exitCodes.usage,
  store_failed: exitCodes.store,
};

/** A mistake in how the program was called, or in its configuration. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A URL that was given in the call. @throws UsageError */
export function urlIn(written: string): URL {
  if (!URL.canParse(written)) throw new UsageError(`${written}: expected a URL`);
  return new URL(written);
}

/** What the program ends with after an error. A later version of core may have codes that are not known here: try later. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return exitCodes.usage;
  const code = findAuthError(error)?.code;
  return code === undefined ? exitCodes.later : (byCode[code] ?? exitCodes.later);
}

/** What a sign-in ends. */
const forAPerson: ReadonlySet<AuthErrorCode> = new Set([
  'login_blocked',
  'reauthentication_required',
  'signed_out',
]);

/** What a person is told of an error. */
export function messageOf(error: unknown): string {
  const authError = findAuthError(error);
  if (authError === undefined) return error instanceof Error ? error.message : reasonOf(error);
  const { message, retryAt, code } = authError;
  const pause = retryAt === undefined ? '' : `; not before ${new Date(retryAt).toISOString()}`;
  return message + pause + (forAPerson.has(code) ? '; in a shell: auth login' : '');
}
