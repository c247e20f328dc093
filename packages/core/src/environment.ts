import type { AuthSessionOptions, Timeouts } from './auth-session.js';
import { type Clock, systemClock } from './clock.js';
import * as limits from './limits.js';
import { originsIn } from './origins.js';
import { defaultRefreshPolicy, type RefreshPolicy } from './policy.js';
import type { FetchLike } from './provider.js';
import { transportOver } from './request/transport.js';
import type { RefreshScheduler } from './scheduler/timer-scheduler.js';

/** What a session does its work with. Sessions that ask for nothing else share the default. */
export interface Environment {
  /** Undefined: the shared scheduler of the clock, which is made when the first refresh is scheduled. */
  readonly scheduler: RefreshScheduler | null | undefined;
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
  readonly keepAlive: boolean;
  readonly loginAhead: boolean;
  readonly refreshPolicy: RefreshPolicy;
  readonly fetch: FetchLike;
  readonly clock: Clock;
  /** Undefined: what spreads load is `Math.random`, and what spreads the instants of a set its id. */
  readonly random: (() => number) | undefined;
  readonly maxLoginsPerHour: number;
  readonly refusedLoginRetryMs: number | undefined;
  readonly timeouts: Timeouts;
  readonly insecureOrigins: readonly string[];
}

const none: readonly never[] = [];

export const defaultTimeouts: Timeouts = {
  exchangeMs: limits.exchangeMs,
  lockMs: limits.lockMs,
  storeMs: limits.storeMs,
  credentialsMs: limits.credentialsMs,
  callMs: limits.callMs,
};

const defaultEnvironment: Environment = {
  scheduler: undefined,
  waitUntil: undefined,
  keepAlive: false,
  loginAhead: false,
  refreshPolicy: defaultRefreshPolicy,
  fetch: (input, init) => globalThis.fetch(input, init),
  clock: systemClock,
  random: undefined,
  maxLoginsPerHour: limits.maxLoginsPerHour,
  refusedLoginRetryMs: undefined,
  timeouts: defaultTimeouts,
  insecureOrigins: none,
};

/** The environment that checked options ask for. */
export function environmentOf(options: AuthSessionOptions): Environment {
  const { scheduler, waitUntil, keepAlive, loginAhead, refreshPolicy, fetch, clock, random } = options;
  const { maxLoginsPerHour, refusedLoginRetryMs, timeouts, allowInsecureOrigins } = options;
  const asked = waitUntil ?? keepAlive ?? loginAhead ?? refreshPolicy ?? fetch ?? clock ?? random;
  const limiting = maxLoginsPerHour ?? refusedLoginRetryMs ?? timeouts ?? allowInsecureOrigins;
  if (scheduler === undefined && (asked ?? limiting) === undefined) return defaultEnvironment;
  const standard = defaultEnvironment;
  return {
    scheduler,
    waitUntil,
    keepAlive: keepAlive ?? standard.keepAlive,
    loginAhead: loginAhead ?? standard.loginAhead,
    refreshPolicy: refreshPolicy ?? standard.refreshPolicy,
    fetch: fetch === undefined ? standard.fetch : transportOver(fetch),
    clock: clock ?? standard.clock,
    random: random && withinRange(random),
    maxLoginsPerHour: maxLoginsPerHour ?? standard.maxLoginsPerHour,
    refusedLoginRetryMs,
    timeouts: timeouts === undefined ? standard.timeouts : timeoutsOf(timeouts),
    insecureOrigins:
      allowInsecureOrigins === undefined
        ? standard.insecureOrigins
        : originsIn('allowInsecureOrigins', allowInsecureOrigins),
  };
}

/** Numbers from 0 to below 1 that follow from a text, by FNV-1a: spread, and the same everywhere. */
export function seededBy(text: string): () => number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193) >>> 0;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return state / 2 ** 32;
  };
}

/** The source of chance, which only spreads load. `Math.random` stands in if it throws or leaves the range [0, 1). */
function withinRange(random: () => number): () => number {
  return () => {
    try {
      const value = random();
      if (value >= 0 && value < 1) return value;
    } catch {
      // `Math.random` stands in.
    }
    return Math.random();
  };
}

function timeoutsOf(timeouts: NonNullable<AuthSessionOptions['timeouts']>): Timeouts {
  const given = Object.entries(timeouts).filter(([, value]) => value !== undefined);
  const bounded = given.map(([name, value]) => [name, Math.min(value as number, limits.timerMaxMs)]);
  return { ...defaultTimeouts, ...Object.fromEntries(bounded) };
}
