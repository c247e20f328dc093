import type { Guard, RefreshFails } from '../envelope.js';
import type { AuthError } from '../errors.js';
import * as limits from '../limits.js';

/**
 * After a refresh that failed with this error: what is known of a refresh endpoint that does not work at all. It counts
 * as broken after several such answers over some time, so that a restart of the server does not.
 */
export function refreshFailsAfter(
  { refreshFails: before }: Guard,
  error: AuthError,
  now: number,
): RefreshFails | undefined {
  const isUnrecognised = brokenStatuses.has(error.status ?? 0) && error.answer !== 'page';
  // What was not sent says nothing of the endpoint.
  const isAnswer = error.code === 'server_unavailable' && error.delivery !== 'not_sent';
  if (!isAnswer || !isUnrecognised) return before;
  const since = Math.min(before?.since ?? now, now);
  const count = (before?.count ?? 0) + 1;
  const lastedMs = now - since;
  const isGone = goneStatuses.has(error.status ?? 0) && error.answer === 'json';
  const isBroken =
    before?.isBroken === true ||
    (count >= limits.brokenRefreshes && lastedMs >= limits.brokenRefreshMs) ||
    (isGone && count >= limits.goneRefreshes && lastedMs >= limits.goneRefreshMs);
  return { ...before, count, since, isBroken };
}

/** Answers that are neither a refusal in the words of RFC 6749 section 5.2 nor a server that is away for a while. */
const brokenStatuses: ReadonlySet<number> = new Set([400, 404, 405, 410, 422, 500, 501]);
const goneStatuses: ReadonlySet<number> = new Set([404, 405, 410, 501]);
