import type { TokenRecord, TokenStore } from '@auth/core';
import type { Random } from './random.ts';
import type { Process, World } from './world.ts';

/** What a write did: for the checks. */
export interface Write {
  readonly process: Process;
  readonly key: string;
  readonly expectedId: string | undefined;
  readonly replaced: TokenRecord | undefined;
  readonly next: TokenRecord;
}

/** The one store behind all processes, and what goes wrong with it. */
export class SharedStore {
  readonly records = new Map<string, TokenRecord>();
  /** Who wrote the record that stands; undefined: nobody of ours. */
  readonly writers = new Map<string, Process | undefined>();
  /** Nothing answers before. */
  downUntil = 0;
  /** Every step takes up to two seconds. */
  slowUntil = 0;
  loseAnswers = 0;
  failWrites = 0;
  readonly #world: World;
  readonly #random: Random;
  readonly #isAtomic: boolean;
  readonly #listeners = new Set<{ process: Process; key: string; listener: () => void }>();
  readonly #onWrite: (write: Write) => void;
  readonly #onTrouble: (kind: string) => void;
  readonly #onRead: (process: Process, key: string, record: TokenRecord | undefined) => void;

  constructor(
    world: World,
    random: Random,
    isAtomic: boolean,
    hooks: {
      onWrite(write: Write): void;
      onRead(process: Process, key: string, record: TokenRecord | undefined): void;
      onTrouble(kind: string): void;
    },
  ) {
    this.#world = world;
    this.#random = random;
    this.#isAtomic = isAtomic;
    this.#onWrite = hooks.onWrite;
    this.#onRead = hooks.onRead;
    this.#onTrouble = hooks.onTrouble;
  }

  /** The store as one process has it. */
  of(process: Process): TokenStore {
    return {
      get: (key) =>
        this.#ask(process, () => {
          const record = this.records.get(key);
          return () => {
            this.#onRead(process, key, record);
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

  /** Somebody else overwrites a record. */
  interfere(key: string, next: TokenRecord): void {
    this.records.set(key, next);
    this.writers.set(key, undefined);
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
    this.records.set(key, next);
    this.writers.set(key, process);
    this.#onWrite({ process, key, expectedId, replaced, next });
    for (const entry of this.#listeners) {
      if (entry.process === process || entry.key !== key) continue;
      this.#world.schedule(entry.process, this.#random.between(1, 200), () => {
        if (this.#listeners.has(entry)) entry.listener();
      });
    }
    return true;
  }

  /** There and back: the effect happens in the store, whatever becomes of the process that asked. */
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
