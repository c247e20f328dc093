import type { AuthSessionOptions, Timeouts } from './auth-session.js';
import { type Clock, systemClock } from './clock.js';
import { AuthError, type AuthPhase } from './errors.js';
import { type EventBody, type EventListener, emitEvent } from './events.js';
import { limits } from './limits.js';
import { memoryStore } from './memory-store.js';
import { assertOrigin, isSecure, parseBaseUrl } from './origins.js';
import { defaultRefreshPolicy, type RefreshPolicy } from './policy.js';
import type { AuthProvider, FetchLike } from './provider.js';
import type { TokenStore } from './store.js';
import { type RefreshScheduler, sharedScheduler } from './timer-scheduler.js';
import type { TokenSet } from './tokens.js';

/** What sessions do their work with. Those that were given the same share one. */
interface Environment {
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

/** Callers that share one wait, and what they wait for. */
export interface CallGroup {
  /** On the monotonic clock. */
  readonly since: number;
  readonly tokens: Promise<TokenSet>;
  /** The same for those who want the access token alone; made for the first of them. */
  accessToken: Promise<string> | undefined;
}

/** One session's options, checked and complete, and its listeners. */
export class SessionContext {
  readonly provider: AuthProvider;
  readonly store: TokenStore;
  readonly key: string;
  readonly #environment: Environment;
  listeners: readonly EventListener[];
  /** Callers that arrived close together and wait for the same flight on the same terms. */
  callGroup: CallGroup | undefined;
  /** Which refusal the vault was last asked about, and when on the monotonic clock. */
  askedAbout: { readonly latchHash: string; readonly at: number } | undefined;

  constructor(provider: AuthProvider, options: AuthSessionOptions) {
    checkProvider(provider);
    checkOptions(options);
    this.#environment = environmentOf(options);
    checkIssuer(provider, this.insecureOrigins);
    this.provider = provider;
    // Its own store holds one record and needs to forget nothing, whatever the wall clock says.
    this.store = options.store ?? memoryStore({ now: () => 0 });
    this.key = options.key ?? JSON.stringify([provider.name, provider.issuer, provider.account]);
    this.listeners = options.onEvent === undefined ? none : [options.onEvent];
  }

  get scheduler(): RefreshScheduler | null {
    return this.#environment.scheduler;
  }

  get waitUntil(): ((work: Promise<unknown>) => void) | undefined {
    return this.#environment.waitUntil;
  }

  get keepAlive(): boolean {
    return this.#environment.keepAlive;
  }

  get fetch(): FetchLike {
    return this.#environment.fetch;
  }

  get clock(): Clock {
    return this.#environment.clock;
  }

  get random(): () => number {
    return this.#environment.random;
  }

  get maxLoginsPerHour(): number {
    return this.#environment.maxLoginsPerHour;
  }

  get timeouts(): Timeouts {
    return this.#environment.timeouts;
  }

  get insecureOrigins(): readonly string[] {
    return this.#environment.insecureOrigins;
  }

  emit(body: EventBody): void {
    if (this.listeners.length === 0) return;
    emitEvent(this.listeners, { at: this.clock.now(), key: this.key, provider: this.provider.name }, body);
  }

  emitFailure(phase: AuthPhase, error: AuthError, durationMs: number, resend: boolean): void {
    const { code, status, delivery, serverCode } = error;
    this.emit({ type: 'exchange_failed', phase, code, status, delivery, serverCode, durationMs, resend });
  }

  /** When a set is due for a refresh. A policy that throws, or gives no instants, is no policy. */
  dueTimes(tokens: TokenSet): ReturnType<RefreshPolicy> {
    try {
      const { advisoryAt, mandatoryAt } = this.#environment.refreshPolicy(tokens, this.random);
      const areInstants = typeof advisoryAt === 'number' && typeof mandatoryAt === 'number';
      if (areInstants) return { advisoryAt, mandatoryAt };
    } catch {
      // As if it had given none.
    }
    return defaultRefreshPolicy(tokens, this.random);
  }

  /** Writes the set's headers on a request whose origin has been checked. */
  authorize(headers: Headers, tokens: TokenSet): void {
    const { provider } = this;
    if (provider.authorize === undefined) headers.set('authorization', `Bearer ${tokens.accessToken}`);
    else provider.authorize(headers, tokens);
  }

  /** Whether the API's answer says that the token is no good. */
  isRejection(response: { readonly status: number; readonly headers: Headers }): boolean {
    const rejected = this.provider.isTokenRejected?.(response) ?? response.status === 401;
    // RFC 6750 section 3.1: the token is fine, its rights are not; another one has the same.
    return (
      rejected &&
      !/\berror\s*=\s*"?insufficient_scope\b/i.test(response.headers.get('www-authenticate') ?? '')
    );
  }

  /** Whether work may go on after the call that caused it has ended. */
  get mayOutliveCalls(): boolean {
    return this.scheduler !== null || this.waitUntil !== undefined;
  }
}

const none: readonly never[] = [];
const globalFetch: FetchLike = (input, init) => globalThis.fetch(input, init);
const defaultTimeouts: Timeouts = {
  exchangeMs: limits.exchangeMs,
  lockMs: limits.lockMs,
  storeMs: limits.storeMs,
  credentialsMs: limits.credentialsMs,
  callMs: limits.callMs,
};

/** The options of the last session, and what became of them: the next one mostly has the same. */
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

function environmentOf(options: AuthSessionOptions): Environment {
  const known = last;
  // An object of deadlines may have been changed since.
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

/** Without the rest, which holds secrets. */
function pick(options: AuthSessionOptions): AuthSessionOptions {
  return Object.fromEntries(environmentOptions.map((name) => [name, options[name]]));
}

/** Chance spreads load and nothing else: what throws, or gives no number from 0 up to 1, is replaced. */
function randomOf({ random }: AuthSessionOptions): () => number {
  if (random === undefined) return Math.random;
  return () => {
    try {
      const value = random();
      if (value >= 0 && value < 1) return value;
    } catch {
      // As if it had given none.
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

function checkProvider(provider: AuthProvider): void {
  expect(typeof provider === 'object' && provider !== null, 'provider', 'an AuthProvider');
  expect(isText(provider.name), 'provider.name', 'a name');
  expect(typeof provider.account === 'string', 'provider.account', 'a string');
  expect(Array.isArray(provider.allowedOrigins), 'allowedOrigins', 'an array of origins');
  for (const origin of provider.allowedOrigins) assertOrigin('allowedOrigins', origin, true);
}

function checkIssuer({ name, issuer }: AuthProvider, insecureOrigins: readonly string[]): void {
  const url = parseBaseUrl(`issuer of ${name}`, issuer);
  if (isSecure(url, insecureOrigins)) return;
  const detail = `add '${url.origin}' to allowInsecureOrigins if the network in between is yours`;
  throw new AuthError('insecure_url', { provider: name, detail });
}

function checkOptions(options: AuthSessionOptions): void {
  const { store, scheduler, clock, key, maxLoginsPerHour } = options;
  expect(
    store === undefined || (isFunction(store?.get) && isFunction(store.compareAndSet)),
    'store',
    'a TokenStore with get and compareAndSet (keyValueStore() makes one of a key-value store)',
  );
  expect(
    scheduler === undefined || scheduler === null || isFunction(scheduler.schedule),
    'scheduler',
    'a RefreshScheduler or null',
  );
  expect(
    clock === undefined ||
      [clock?.now, clock?.monotonic, clock?.setTimeout, clock?.clearTimeout].every(isFunction),
    'clock',
    'a Clock with now, monotonic, setTimeout and clearTimeout',
  );
  expect(key === undefined || isText(key), 'key', 'a string that is not empty');
  expect(
    maxLoginsPerHour === undefined || (Number.isInteger(maxLoginsPerHour) && maxLoginsPerHour > 0),
    'maxLoginsPerHour',
    'a whole number above 0',
  );
  for (const name of ['waitUntil', 'refreshPolicy', 'fetch', 'random', 'onEvent'] as const) {
    expect(options[name] === undefined || isFunction(options[name]), name, 'a function');
  }
  const { timeouts = {} } = options;
  expect(typeof timeouts === 'object' && timeouts !== null, 'timeouts', 'an object of milliseconds');
  for (const [name, value] of Object.entries(timeouts)) {
    expect(
      Object.hasOwn(defaultTimeouts, name),
      'timeouts',
      `only ${Object.keys(defaultTimeouts).join(', ')}`,
    );
    expect(
      value === undefined || (Number.isFinite(value) && value > 0),
      `timeouts.${name}`,
      'milliseconds above 0',
    );
  }
  const { allowInsecureOrigins } = options;
  expect(
    allowInsecureOrigins === undefined || Array.isArray(allowInsecureOrigins),
    'allowInsecureOrigins',
    'an array of origins',
  );
  for (const origin of allowInsecureOrigins ?? none) assertOrigin('allowInsecureOrigins', origin, false);
}

function expect(holds: boolean, option: string, expected: string): void {
  if (!holds) throw new AuthError('invalid_options', { detail: `${option}: expected ${expected}` });
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
