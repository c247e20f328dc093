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

/** Hears of what happens in the store. */
interface StoreHooks {
  onWrite(write: Write): void;
  onRead(process: Process, key: string, record: TokenRecord | undefined): void;
  onTrouble(kind: string): void;
  onAccessUnderLock(process: Process, access: Access): void;
}

interface Listening {
  readonly process: Process;
  readonly key: string;
  readonly listener: (news?: 'missed') => void;
}

/** The store that all processes share, with its faults. */
export class SharedStore {
  readonly records = new Map<string, TokenRecord>();
  /** The store fails every request until then. */
  downUntil = 0;
  /** Until then each step takes up to two seconds. */
  slowUntil = 0;
  /** Nobody is notified until then. */
  cutOffUntil = 0;
  loseAnswers = 0;
  failWrites = 0;
  forgetWrites = 0;
  /** The store gives its data a name, as those do that can lose it. */
  namesData = false;
  /** Who held a lease when the store last lost its data, and until when at most they rely on it. */
  #bereft: { readonly processes: ReadonlySet<Process | undefined>; readonly until: number } | undefined;
  #losses = 0;
  readonly #world: World;
  readonly #random: Random;
  readonly #core: Core;
  readonly #kind: StoreKind;
  /** The process that wrote each current record; undefined for a record written by a fault. */
  readonly #writers = new Map<string, Process | undefined>();
  /** Who holds the store's own locks. */
  readonly #holders = new Map<string, Process>();
  readonly #listeners = new Set<Listening>();
  /** The engine's own memory store, where copies of the engine share one. */
  readonly #shared: Required<TokenStore>;
  readonly #hooks: StoreHooks;

  constructor(world: World, random: Random, core: Core, kind: StoreKind, hooks: StoreHooks) {
    this.#world = world;
    this.#random = random;
    this.#core = core;
    this.#kind = kind;
    this.#shared = core.memoryStore({ now: () => world.now }) as Required<TokenStore>;
    this.#hooks = hooks;
  }

  /** The store as one process sees it. */
  of(process: Process, clock: Clock): TokenStore {
    const store = this.#recordsFor(process);
    switch (this.#kind) {
      case 'leased':
      case 'forgetful':
        return this.#core.leasedStore(store, { clock });
      case 'locked':
        return { ...store, lock: (key, { signal }) => this.#lock(process, key, clock, signal) };
      case 'shared':
        return this.#sharedFor(process);
      default:
        return store;
    }
  }

  /** Whether a process really holds the lock: whoever reclaims a lease rewrites its record. */
  isLockedBy(process: Process, key: string): boolean {
    if (this.#kind === 'locked' || this.#kind === 'shared') return this.#holders.get(key) === process;
    const lockKey = `${key}.lock`;
    return this.#writers.get(lockKey) === process && this.records.get(lockKey)?.value !== 'free';
  }

  /** Whether a process relies on a lease that was lost with the data: it learns of that when it renews the lease. */
  isBereft(process: Process): boolean {
    return this.#bereft?.processes.has(process) === true && this.#world.now < this.#bereft.until;
  }

  /** Overwrites a record from outside the processes. */
  interfere(key: string, next: TokenRecord): void {
    this.records.set(key, next);
    this.#writers.set(key, undefined);
  }

  /** Forgets everything, as a restart without a disk does. Whoever listens was cut off meanwhile. */
  lose(): void {
    this.#losses++;
    const isHeld = ([name, { value }]: [string, TokenRecord]): boolean =>
      name.endsWith('.lock') && value !== 'free';
    const processes = new Set([...this.records].filter(isHeld).map(([name]) => this.#writers.get(name)));
    this.#bereft = { processes, until: this.#world.now + leaseMs };
    this.records.clear();
    this.#writers.clear();
    if (this.#world.now < this.cutOffUntil) return;
    for (const entry of this.#listeners) this.#tell(entry, 'missed');
  }

  /** Changes go unnoticed for a time; then the listeners are told that they missed news. */
  cutOff(forMs: number): void {
    this.cutOffUntil = Math.max(this.cutOffUntil, this.#world.now + forMs);
    const until = this.cutOffUntil;
    this.#world.schedule(undefined, forMs, () => {
      if (this.cutOffUntil !== until) return;
      for (const entry of this.#listeners) this.#tell(entry, 'missed');
    });
  }

  /** Writes what is stored again, as a version does that knows more members. */
  writeAsNewerVersion(key: string): void {
    const record = this.records.get(key);
    if (record === undefined) return;
    const { tokens, guard, ...rest } = JSON.parse(record.value) as Record<string, object | undefined>;
    const newer = `written at step ${this.#world.steps}`;
    const value = JSON.stringify({
      ...rest,
      newer,
      ...(tokens === undefined ? {} : { tokens: { ...tokens, newer } }),
      guard: { ...guard, newer },
    });
    this.interfere(key, { ...record, id: newer, value });
    for (const entry of this.#listeners) if (entry.key === key) this.#tell(entry);
  }

  #tell(entry: Listening, news?: 'missed'): void {
    if (news === undefined && this.#world.now < this.cutOffUntil) return;
    this.#world.schedule(entry.process, this.#random.between(1, 200), () => {
      if (this.#listeners.has(entry)) entry.listener(news);
    });
  }

  /** The engine's memory store, as one of the copies sees it that share it. */
  #sharedFor(process: Process): TokenStore {
    const shared = this.#shared;
    return {
      get: async (key) => {
        const record = await shared.get(key);
        this.#hooks.onRead(process, key, record);
        return record;
      },
      compareAndSet: async (key, expectedId, next) => {
        const replaced = await shared.get(key);
        if (!(await shared.compareAndSet(key, expectedId, next))) return false;
        this.records.set(key, next);
        this.#hooks.onWrite({ process, key, replaced, next });
        return true;
      },
      lock: async (key, options) => {
        const lease = await shared.lock(key, options);
        this.#holders.set(key, process);
        return {
          lost: lease.lost,
          held: () => lease.held(),
          release: () => {
            if (this.#holders.get(key) === process) this.#holders.delete(key);
            return lease.release();
          },
        };
      },
      subscribe: (key, listener) => shared.subscribe(key, listener),
    };
  }

  #recordsFor(process: Process): TokenStore {
    return {
      get: (key) =>
        this.#ask(process, () => {
          const record = this.records.get(key);
          if (this.isLockedBy(process, key)) this.#hooks.onAccessUnderLock(process, 'read');
          return () => {
            this.#hooks.onRead(process, key, record);
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
      ...(this.namesData
        ? {
            dataId: () =>
              this.#ask(process, () => {
                const name = `data-${this.#losses}`;
                return () => name;
              }),
          }
        : {}),
    };
  }

  get #isAtomic(): boolean {
    return this.#kind !== 'get_then_set' && this.#kind !== 'locked';
  }

  /** A lock that never expires: only its holder, or the holder's death, frees it. */
  #lock(process: Process, key: string, clock: Clock, signal: AbortSignal): Promise<Lease> {
    const isOurs = (): Promise<boolean> =>
      this.#ask(process, () => {
        const is = this.#holders.get(key) === process;
        return () => is;
      });
    const take = (): Promise<boolean> =>
      this.#ask(process, () => {
        const isTaken = this.#holders.get(key)?.isAlive !== true;
        if (isTaken) this.#holders.set(key, process);
        return () => isTaken;
      });
    // The lock ends with a connection, which can be closed in an outage too.
    const release = (): void => {
      if (this.#holders.get(key) === process) this.#holders.delete(key);
    };
    return this.#core.waitForLease({ leaseMs, clock, take, renew: isOurs, release }, signal);
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
      this.#hooks.onTrouble('forget_write');
      return true;
    }
    this.records.set(key, next);
    this.#writers.set(key, process);
    this.#hooks.onWrite({ process, key, replaced, next });
    if (this.isLockedBy(process, key)) this.#hooks.onAccessUnderLock(process, 'write');
    for (const entry of this.#listeners) {
      if (entry.process !== process && entry.key === key) this.#tell(entry);
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
        this.#hooks.onTrouble('fail_write');
        return fail();
      }
      const answer = effect();
      if (isWrite && this.loseAnswers > 0) {
        this.loseAnswers--;
        this.#hooks.onTrouble('lose_write_answer');
        return fail();
      }
      this.#world.schedule(process, delay(), () => resolve(answer()));
    });
    return promise;
  }
}
