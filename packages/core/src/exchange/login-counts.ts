import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import type { Guard } from '../envelope.js';
import type { LoginsSent } from '../exchange-state.js';
import * as limits from '../limits.js';

/** Where logins of one kind are counted: those of configured secrets and of typed passwords are counted apart. */
export interface LoginCounts {
  /** In the stored guard, and in the account. */
  readonly stored: 'loginsAt' | 'typedLoginsAt';
  readonly sent: LoginsSent;
  readonly perHour: number;
}

export function countsOf({ environment }: SessionContext, isTyped: boolean): LoginCounts {
  return isTyped
    ? { stored: 'typedLoginsAt', sent: 'typedLoginsSent', perHour: limits.typedLoginsPerHour }
    : { stored: 'loginsAt', sent: 'loginsSent', perHour: environment.maxLoginsPerHour };
}

/** The guard with one more login. */
export function countedIn(guard: Guard, now: number, { stored, perHour }: LoginCounts): Guard {
  return { ...guard, [stored]: withLogin(guard[stored] ?? [], now, perHour) };
}

/** The guard without the logins that were counted in since `before`. */
export function takenBack(guard: Guard, { stored }: LoginCounts, counted: Guard, before: Guard): Guard {
  const added = counted[stored]?.filter((at) => before[stored]?.includes(at) !== true);
  return { ...guard, [stored]: guard[stored]?.filter((at) => added?.includes(at) !== true) };
}

/** When another login may be sent, by this process's count and by the stored one; 0: at once. */
export function roomForLoginAt(
  { clock }: SessionContext,
  { facts }: Account,
  guard: Guard,
  { stored, sent, perHour }: LoginCounts,
): number {
  const freeAt = slotFreeAt(facts[sent], perHour);
  const leftMs = freeAt === undefined ? 0 : freeAt - clock.monotonic();
  const here = leftMs > 0 ? Math.ceil(clock.now() + leftMs) : 0;
  return Math.max(here, nextLoginAt(guard[stored] ?? [], clock.now(), perHour) ?? 0);
}

/** When the next login may be sent; undefined: at once. */
export function nextLoginAt(
  loginsAt: readonly number[],
  now: number,
  maxLoginsPerHour: number,
): number | undefined {
  return slotFreeAt(recentLogins(loginsAt, now, maxLoginsPerHour), maxLoginsPerHour);
}

/** When the oldest of the logins that fill the hour, in order, makes room for another; undefined: there is room. */
function slotFreeAt(instants: readonly number[], maxLoginsPerHour: number): number | undefined {
  const oldest = instants[instants.length - maxLoginsPerHour];
  return oldest === undefined ? undefined : oldest + limits.loginWindowMs;
}

/**
 * The logins with one more, written before it is sent. The newest logins are kept whatever their age: if
 * our clock is hours ahead, a login that looks old here may be recent for everybody else. Twice the allowance is kept, so
 * that those of a clock far ahead do not take the place of all others.
 */
export function withLogin(
  loginsAt: readonly number[],
  now: number,
  maxLoginsPerHour: number,
): readonly number[] {
  const { likely, ahead } = byClock(loginsAt, now);
  const all = inOrder([...likely, now, ...ahead.slice(-maxLoginsPerHour)]);
  return all.slice(-2 * maxLoginsPerHour);
}

/**
 * The logins that count now. Those dated a little ahead count as sent now. Of those that a clock far ahead of ours has
 * dated half an hour's allowance counts: they must not hold up others until their dates have come.
 */
function recentLogins(loginsAt: readonly number[], now: number, maxLoginsPerHour: number): readonly number[] {
  const { likely, ahead } = byClock(loginsAt, now);
  const counted = [...likely, ...ahead.slice(-Math.ceil(maxLoginsPerHour / 2))].map((at) =>
    Math.min(at, now),
  );
  return inOrder(counted.filter((at) => at > now - limits.loginWindowMs));
}

function byClock(
  loginsAt: readonly number[],
  now: number,
): { readonly likely: readonly number[]; readonly ahead: readonly number[] } {
  const isLikely = (at: number): boolean => at - now <= limits.clockAheadMs;
  return { likely: loginsAt.filter(isLikely), ahead: loginsAt.filter((at) => !isLikely(at)) };
}

function inOrder(instants: readonly number[]): readonly number[] {
  return [...instants].sort((left, right) => left - right);
}
