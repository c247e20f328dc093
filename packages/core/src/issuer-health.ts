import type { Clock } from './clock.js';
import { getOrAdd } from './get-or-add.js';

/** What a process has seen of an issuer, all accounts together. Instants are on the monotonic clock. */
export interface IssuerHealth {
  /** The last exchange that worked. */
  goodAt: number;
  /** The first exchange that worked after exchanges had failed. */
  recoveredAt: number;
  isFailing: boolean;
}

const seen = new WeakMap<Clock, Map<string, IssuerHealth>>();

export function healthOf(clock: Clock, issuer: string): IssuerHealth | undefined {
  return seen.get(clock)?.get(issuer);
}

/** An exchange on its way: when it was sent, and when an exchange of the issuer had last worked by then. */
export interface SentExchange {
  readonly at: number;
  readonly issuerGoodAt: number;
}

/** An exchange that is sent now. */
export function sentNow(clock: Clock, issuer: string): SentExchange {
  return { at: clock.monotonic(), issuerGoodAt: healthOf(clock, issuer)?.goodAt ?? Number.NEGATIVE_INFINITY };
}

/** An exchange with an issuer has worked. */
export function noteSuccess(clock: Clock, issuer: string): void {
  const known = knownOf(clock, issuer);
  known.goodAt = clock.monotonic();
  if (known.isFailing) known.recoveredAt = known.goodAt;
  known.isFailing = false;
}

/** The server could not be reached: that says nothing of it since another exchange has worked. */
export function noteUnreachable(clock: Clock, issuer: string, { at }: SentExchange): void {
  const known = knownOf(clock, issuer);
  if (at > known.goodAt) known.isFailing = true;
}

function knownOf(clock: Clock, issuer: string): IssuerHealth {
  const never = Number.NEGATIVE_INFINITY;
  const issuers = getOrAdd(seen, clock, () => new Map<string, IssuerHealth>());
  return getOrAdd(issuers, issuer, () => ({ goodAt: never, recoveredAt: never, isFailing: true }));
}
