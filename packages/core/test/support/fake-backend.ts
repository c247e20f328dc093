import type { Envelope } from '../../src/envelope.js';
import type { Lease, TokenRecord, TokenStore } from '../../src/index.js';

type Operation = 'get' | 'compareAndSet' | 'lock' | 'dataId';

/** A shared store as several processes see it: atomic, with a lease that tests can take away, and faults on demand. */
export class FakeBackend {
  readonly records = new Map<string, TokenRecord>();
  readonly #faults: { operation: Operation; act: () => unknown }[] = [];
  #broken = new Set<Operation>();
  #losesNextAnswer = false;
  #holder: FakeLease | undefined;
  readonly #waiting: (() => void)[] = [];
  readonly #listeners = new Set<{ store: TokenStore; listener: (news?: 'missed') => void }>();
  #isCutOff = false;
  calls: Operation[] = [];
  #dataId = 1;

  /** What the next call of an operation does first: throw, wait, or interfere. */
  next(operation: Operation, act: () => unknown): void {
    this.#faults.push({ operation, act });
  }

  /** Every call of these operations throws from now on, until the returned function is called. */
  breakDown(...operations: Operation[]): () => void {
    this.#broken = new Set(operations);
    return () => {
      this.#broken = new Set();
    };
  }

  /** Nobody is notified of changes, until the returned function is called. */
  cutOffNotifications(): () => void {
    this.#isCutOff = true;
    return () => {
      this.#isCutOff = false;
      for (const { listener } of this.#listeners) listener('missed');
    };
  }

  /** Everybody is told of a change, whether there was one or not. */
  readonly announce = (): void => {
    for (const { listener } of this.#listeners) listener();
  };

  /** Everything is lost, as by a restart without a disk; `isHeard`: whoever subscribes was cut off meanwhile. */
  loseData(isHeard = true): void {
    this.records.clear();
    this.#dataId++;
    if (isHeard) for (const { listener } of this.#listeners) listener('missed');
  }

  /** The next write takes effect, and its answer is lost. */
  loseNextAnswer(): void {
    this.#losesNextAnswer = true;
  }

  /** What a session wrote into the first record. */
  get envelope(): Envelope {
    const [record] = this.records.values();
    return JSON.parse((record as TokenRecord).value);
  }

  /** One process's view of it. */
  open(options: { lock?: boolean; subscribe?: boolean; dataId?: boolean } = {}): TokenStore {
    const store: TokenStore = {
      get: async (key) => {
        await this.#enter('get');
        return this.records.get(key);
      },
      compareAndSet: async (key, expectedId, next) => {
        await this.#enter('compareAndSet');
        if (this.records.get(key)?.id !== expectedId) return false;
        this.records.set(key, next);
        for (const entry of this.#listeners) if (entry.store !== store && !this.#isCutOff) entry.listener();
        if (this.#losesNextAnswer) {
          this.#losesNextAnswer = false;
          throw new Error('the answer was lost');
        }
        return true;
      },
    };
    if (options.dataId === true) {
      store.dataId = async () => {
        await this.#enter('dataId');
        return `data-${this.#dataId}`;
      };
    }
    if (options.lock === true) store.lock = (_key, { signal }) => this.#lock(signal);
    if (options.subscribe === true) {
      store.subscribe = (_key, listener) => {
        const entry = { store, listener };
        this.#listeners.add(entry);
        return () => this.#listeners.delete(entry);
      };
    }
    return store;
  }

  get holder(): FakeLease | undefined {
    return this.#holder;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async #enter(operation: Operation): Promise<void> {
    this.calls.push(operation);
    const index = this.#faults.findIndex((fault) => fault.operation === operation);
    const fault = index === -1 ? undefined : this.#faults.splice(index, 1)[0];
    await fault?.act();
    if (this.#broken.has(operation)) throw new Error('the backend is down');
  }

  async #lock(signal: AbortSignal): Promise<Lease> {
    await this.#enter('lock');
    while (this.#holder !== undefined) {
      await new Promise<void>((resolve, reject) => {
        this.#waiting.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    }
    const lease = new FakeLease(() => {
      if (this.#holder === lease) this.#holder = undefined;
      this.#waiting.shift()?.();
    });
    this.#holder = lease;
    return lease;
  }
}

export class FakeLease implements Lease {
  readonly #controller = new AbortController();
  readonly #free: () => void;
  #held = true;

  constructor(free: () => void) {
    this.#free = free;
  }

  get lost(): AbortSignal {
    return this.#controller.signal;
  }

  held(): boolean {
    return this.#held;
  }

  /** Ends the lease as if another process had taken it over. */
  steal(): void {
    this.#held = false;
    this.#controller.abort();
    this.#free();
  }

  release(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#free();
  }
}
