import type { Clock, Lease, TokenRecord, TokenStore } from '@auth/core';
import type { Core } from './core.ts';
import type { Access, StoreKind } from './plan.ts';
import type { Random } from './random.ts';
import type { Process, World } from './world.ts';

/** How long a holder of the store's own lock relies on it after the last renewal. */
export const leaseMs = 15_000;

/** What a write did, as the checks see it. */
export interface Write {
  readonly process: Process;
  readonly key: string;
  readonly replaced: TokenRecord | undefined;
  readonly next: TokenRecord;
}

/** The store that all processes share, with its faults. */
export class SharedStore {
  readonly records = new Map<string, TokenRecord>();
  /** The store fails every request until then. */
  downUntil = 0;
  /** Until then each step takes up to two seconds. */
  slowUntil = 0;
  loseAnswers = 0;
  failWrites = 0;
  forgetWrites = 0;
  readonly #world: World;
  readonly #random: Random;
  readonly #core: Core;
  readonly #kind: StoreKind;
  /** The process that wrote each current record; undefined for a record written by a fault. */
  readonly #writers = new Map<string, Process | undefined>();
  /** The holder of the store's own lock. */
  #holder: Process | undefined;
  readonly #listeners = new Set<{ process: Process; key: string; listener: () => void }>();
  readonly #onWrite: (write: Write) => void;
  readonly #onTrouble: (kind: string) => void;
  readonly #onRead: (process: Process, key: string) => void;
  readonly #onAccessUnderLock: (process: Process, access: Access) => void;

  constructor(
    world: World,
    random: Random,
    core: Core,
    kind: StoreKind,
    hooks: {
      onWrite(write: Write): void;
      onRead(process: Process, key: string): void;
      onTrouble(kind: string): void;
      onAccessUnderLock(process: Process, access: Access): void;
    },
  ) {
    this.#world = world;
    this.#random = random;
    this.#core = core;
    this.#kind = kind;
    this.#onWrite = hooks.onWrite;
    this.#onRead = hooks.onRead;
    this.#onTrouble = hooks.onTrouble;
    this.#onAccessUnderLock = hooks.onAccessUnderLock;
  }

  /** The store as one process sees it. */
  of(process: Process, clock: Clock): TokenStore {
    const store = this.#recordsFor(process);
    switch (this.#kind) {
      case 'leased':
      case 'forgetful':
        return this.#core.leasedStore(store, { clock });
      case 'locked':
        return { ...store, lock: (_, { signal }) => this.#lock(process, clock, signal) };
      default:
        return store;
    }
  }

  /** Whether a process really holds the lock: whoever reclaims a lease rewrites its record. */
  isLockedBy(process: Process, key: string): boolean {
    if (this.#kind === 'locked') return this.#holder === process;
    const lockKey = `${key}.lock`;
    return this.#writers.get(lockKey) === process && this.records.get(lockKey)?.value !== 'free';
  }

  /** Overwrites a record from outside the processes. */
  interfere(key: string, next: TokenRecord): void {
    this.records.set(key, next);
    this.#writers.set(key, undefined);
  }

  #recordsFor(process: Process): TokenStore {
    return {
      get: (key) =>
        this.#ask(process, () => {
          const record = this.records.get(key);
          if (this.isLockedBy(process, key)) this.#onAccessUnderLock(process, 'read');
          return () => {
            this.#onRead(process, key);
            return record;
          };
        }),
      compareAndSet: (key, expectedId, next) =>
        this.#isAtomic
          ? this.#ask(
              process,
              () => {
                const isSet = this.#write(process, key, expectedId, next);
                return () => isSet;
              },
              true,
            )
          : this.#getThenSet(process, key, expectedId, next),
      subscribe: (key, listener) => {
        const entry = { process, key, listener };
        this.#listeners.add(entry);
        return () => this.#listeners.delete(entry);
      },
    };
  }

  get #isAtomic(): boolean {
    return this.#kind !== 'get_then_set' && this.#kind !== 'locked';
  }

  /** A lock that never expires: only its holder, or the holder's death, frees it. */
  #lock(process: Process, clock: Clock, signal: AbortSignal): Promise<Lease> {
    const isOurs = (): Promise<boolean> =>
      this.#ask(process, () => {
        const is = this.#holder === process;
        return () => is;
      });
    const take = (): Promise<boolean> =>
      this.#ask(process, () => {
        const isTaken = this.#holder === undefined || !this.#holder.isAlive;
        if (isTaken) this.#holder = process;
        return () => isTaken;
      });
    // The lock ends with a connection, which can be closed in an outage too.
    const giveBack = (): void => {
      if (this.#holder === process) this.#holder = undefined;
    };
    return this.#core.waitForLease({ leaseMs, clock, take, renew: isOurs, giveBack }, signal);
  }

  async #getThenSet(
    process: Process,
    key: string,
    expectedId: string | undefined,
    next: TokenRecord,
  ): Promise<boolean> {
    const isExpected = await this.#ask(process, () => {
      const is = this.records.get(key)?.id === expectedId;
      return () => is;
    });
    if (!isExpected) return false;
    return this.#ask(
      process,
      () => {
        this.#write(process, key, this.records.get(key)?.id, next);
        return () => true;
      },
      true,
    );
  }

  #write(process: Process, key: string, expectedId: string | undefined, next: TokenRecord): boolean {
    const replaced = this.records.get(key);
    if (replaced?.id !== expectedId) return false;
    if (this.forgetWrites > 0) {
      this.forgetWrites--;
      this.#onTrouble('forget_write');
      return true;
    }
    this.records.set(key, next);
    this.#writers.set(key, process);
    this.#onWrite({ process, key, replaced, next });
    if (this.isLockedBy(process, key)) this.#onAccessUnderLock(process, 'write');
    for (const entry of this.#listeners) {
      if (entry.process === process || entry.key !== key) continue;
      this.#world.schedule(entry.process, this.#random.between(1, 200), () => {
        if (this.#listeners.has(entry)) entry.listener();
      });
    }
    return true;
  }

  /** A round trip: the effect happens in the store even if the process that asked dies meanwhile. */
  #ask<Result>(process: Process, effect: () => () => Result, isWrite = false): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const isSlow = this.#world.now < this.slowUntil;
    const delay = (): number => this.#random.between(1, isSlow ? 2_000 : 8);
    this.#world.schedule(undefined, delay(), () => {
      const fail = (): void =>
        void this.#world.schedule(process, delay(), () => reject(new Error('the store is away')));
      if (this.#world.now < this.downUntil) return fail();
      if (isWrite && this.failWrites > 0) {
        this.failWrites--;
        this.#onTrouble('fail_write');
        return fail();
      }
      const answer = effect();
      if (isWrite && this.loseAnswers > 0) {
        this.loseAnswers--;
        this.#onTrouble('lose_write_answer');
        return fail();
      }
      this.#world.schedule(process, delay(), () => resolve(answer()));
    });
    return promise;
  }
}
