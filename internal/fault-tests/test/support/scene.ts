import {
  type AuthEvent,
  type AuthSession,
  memoryStore,
  type RefreshScheduler,
  type TokenStore,
} from '@auth/core';
import { type ManualClock, manualClock } from '@auth/testing/clock';
import { createEmulator, type Emulator, type Ledger, type VendorHandle } from '@auth/testing/emulator';
import type { VendorCase } from './vendors.js';

export const minute = 60_000;
export const hour = 60 * minute;

/** Schedules nothing: only callers cause exchanges. */
const noTimers: RefreshScheduler = { schedule: () => () => {} };

/** An emulator and sessions of one vendor on one manual clock, without sockets. */
export class Scene {
  readonly clock: ManualClock = manualClock();
  readonly emulator: Emulator = createEmulator({ clock: this.clock });
  readonly events: AuthEvent[] = [];
  readonly #vendor: VendorCase;

  constructor(vendor: VendorCase) {
    this.#vendor = vendor;
  }

  get server(): VendorHandle<unknown> {
    return this.#vendor.handle(this.emulator);
  }

  get ledger(): Ledger {
    return this.server.ledger;
  }

  /** Only callers cause exchanges, unless `scheduler` is given. */
  open(options: Parameters<VendorCase['open']>[1] = {}): AuthSession {
    return this.#vendor.open(this.emulator, {
      clock: this.clock,
      fetch: this.emulator.fetch,
      scheduler: noTimers,
      random: () => 0.5,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** A store in memory without a lock: sessions that are given copies of it race as processes do. */
  store(): TokenStore {
    const { get, compareAndSet } = memoryStore({ now: () => this.clock.now() });
    return { get, compareAndSet };
  }

  /** What the server saw: `login issued`, `refresh reused` … */
  get calls(): string[] {
    return this.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
  }

  /** Lets the access token expire. */
  async expire(): Promise<void> {
    await this.clock.advance(this.server.settings.accessTokenLifetimeMs + minute);
  }

  run<Result>(work: Promise<Result>): Promise<Result> {
    return this.clock.run(work);
  }

  /** The error of a call that must fail. */
  async failure(work: Promise<unknown>): Promise<{ code: string; retryAt: number; message: string } & Error> {
    const outcome = await this.run(
      work.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    if (outcome === undefined) throw new Error('the call did not fail');
    return outcome as never;
  }
}
