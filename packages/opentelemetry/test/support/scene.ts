import {
  type AuthEvent,
  type AuthSession,
  type AuthSessionOptions,
  memoryStore,
  type RefreshScheduler,
  type TokenStore,
} from '@auth/core';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { type ManualClock, manualClock } from '@auth/testing/clock';
import { createEmulator, type Emulator } from '@auth/testing/emulator';
import { Collected } from './collected.js';

export const minute = 60_000;
export const hour = 60 * minute;

/** Schedules nothing: only callers cause exchanges. */
const noTimers: RefreshScheduler = { schedule: () => () => {} };

type Options = AuthSessionOptions<never> & { readonly password?: string };

/** Sessions of one account on the emulator, on one manual clock, and what their telemetry brought. */
export class Scene {
  readonly clock: ManualClock = manualClock();
  readonly emulator: Emulator = createEmulator({ clock: this.clock });
  readonly collected: Collected;
  readonly #listener: (event: AuthEvent) => void;

  constructor(collected: Collected = new Collected()) {
    this.collected = collected;
    this.#listener = collected.listener();
  }

  get server(): Emulator['passwordRefresh'] {
    return this.emulator.passwordRefresh;
  }

  open(options: Options = {}): AuthSession {
    return createPasswordRefreshAuth({
      ...this.server.options,
      clock: this.clock,
      fetch: this.emulator.fetch,
      scheduler: noTimers,
      random: () => 0.5,
      onEvent: this.#listener,
      ...options,
    } as never) as AuthSession;
  }

  run<Result>(work: Promise<Result>): Promise<Result> {
    return this.clock.run(work);
  }

  /** The code of a call that must fail. */
  async failure(work: Promise<unknown>): Promise<string> {
    const outcome = await work.then(
      () => ({ code: 'none' }),
      (error: { code: string }) => error,
    );
    return outcome.code;
  }
}

/** Its records are never too old for it, whatever a manual clock makes of today. */
export function timelessStore(): TokenStore {
  return memoryStore({ now: () => 0 });
}

/** A store with some of its operations in a test's hands. */
export function storeWith(changed: Partial<TokenStore>, inner: TokenStore = timelessStore()): TokenStore {
  return {
    get: (key) => inner.get(key),
    compareAndSet: (key, expectedId, next) => inner.compareAndSet(key, expectedId, next),
    ...changed,
  };
}

// Loads what the first exchange loads, so that no test's clock waits for a module.
const emulator = createEmulator();
const first = createPasswordRefreshAuth({
  ...emulator.passwordRefresh.options,
  fetch: emulator.fetch,
  scheduler: null,
});
await first.getTokens();
first.dispose();
