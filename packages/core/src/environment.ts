import type { AuthSessionOptions, Timeouts } from './auth-session.js';
import { type Clock, systemClock } from './clock.js';
import { limits } from './limits.js';
import { defaultRefreshPolicy, type RefreshPolicy } from './policy.js';
import type { FetchLike } from './provider.js';
import { type RefreshScheduler, sharedScheduler } from './scheduler/timer-scheduler.js';

/** What sessions do their work with. A session with the same options as the session before it shares the object. */
export interface Environment {
  readonly scheduler: RefreshScheduler | null;
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
  readonly keepAlive: boolean;
  readonly refreshPolicy: RefreshPolicy;
  readonly fetch: FetchLike;
  readonly clock: Clock;
  readonly random: () => number;
  readonly maxLoginsPerHour: number;
  readonly timeouts: Timeouts;
  readonly insecureOrigins: readonly string[];
}

const none: readonly never[] = [];
const globalFetch: FetchLike = (input, init) => globalThis.fetch(input, init);
export const defaultTimeouts: Timeouts = {
  exchangeMs: limits.exchangeMs,
  lockMs: limits.lockMs,
  storeMs: limits.storeMs,
  credentialsMs: limits.credentialsMs,
  callMs: limits.callMs,
};

/** The options and the environment of the last session: the next session mostly has the same options. */
let last: { readonly options: AuthSessionOptions; readonly environment: Environment } | undefined;
const environmentOptions = [
  'scheduler',
  'waitUntil',
  'keepAlive',
  'refreshPolicy',
  'fetch',
  'clock',
  'random',
  'maxLoginsPerHour',
  'timeouts',
  'allowInsecureOrigins',
] as const;

/** The environment that checked options ask for. */
export function environmentOf(options: AuthSessionOptions): Environment {
  const known = last;
  // A `timeouts` object may have been changed since the last session.
  const mayShare = known !== undefined && options.timeouts === undefined;
  if (mayShare && environmentOptions.every((name) => known.options[name] === options[name])) {
    return known.environment;
  }
  const { fetch, clock = systemClock } = options;
  const environment: Environment = {
    scheduler: options.scheduler === undefined ? sharedScheduler(clock) : options.scheduler,
    waitUntil: options.waitUntil,
    keepAlive: options.keepAlive ?? false,
    refreshPolicy: options.refreshPolicy ?? defaultRefreshPolicy,
    // Called bare: browsers and workerd refuse a fetch whose `this` is another object.
    fetch: fetch === undefined ? globalFetch : (input, init) => fetch(input, init),
    clock,
    random: randomOf(options),
    maxLoginsPerHour: options.maxLoginsPerHour ?? limits.maxLoginsPerHour,
    timeouts: timeoutsOf(options),
    insecureOrigins: options.allowInsecureOrigins ?? none,
  };
  last = { options: pick(options), environment };
  return environment;
}

/** Only the environment's options: others, such as `initialTokens`, hold secrets. */
function pick(options: AuthSessionOptions): AuthSessionOptions {
  return Object.fromEntries(environmentOptions.map((name) => [name, options[name]]));
}

/** The source of chance, which only spreads load. `Math.random` stands in if it throws or leaves the range [0, 1). */
function randomOf({ random }: AuthSessionOptions): () => number {
  if (random === undefined) return Math.random;
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

function timeoutsOf({ timeouts }: AuthSessionOptions): Timeouts {
  if (timeouts === undefined) return defaultTimeouts;
  const given = Object.entries(timeouts).filter(([, value]) => value !== undefined);
  const bounded = given.map(([name, value]) => [name, Math.min(value as number, limits.timerMaxMs)]);
  return { ...defaultTimeouts, ...Object.fromEntries(bounded) };
}
