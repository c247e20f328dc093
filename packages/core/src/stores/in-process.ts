import { orAborted } from '../deadline.js';
import type { Lease } from '../store.js';

/**
 * Locks and listeners by key, within one process. Sessions of one copy of this library share an account and need
 * neither; two copies, or two versions, that are given the same store exclude and tell each other by these.
 */
export class InProcess {
  /** Resolves when the last of those who hold a key's lock, or wait for it, has released it. */
  readonly #lastReleases = new Map<string, Promise<void>>();
  readonly #listeners = new Map<string, Set<{ readonly tell: () => void }>>();

  /** Waits for the key's lock. Rejects when `signal` aborts. */
  async lock(key: string, signal: AbortSignal): Promise<Lease> {
    signal.throwIfAborted();
    const before = this.#lastReleases.get(key);
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const lastRelease = before === undefined ? released : before.then(() => released);
    this.#lastReleases.set(key, lastRelease);
    lastRelease.then(() => {
      if (this.#lastReleases.get(key) === lastRelease) this.#lastReleases.delete(key);
    });
    try {
      if (before !== undefined) await orAborted(before, signal);
    } catch (error) {
      release();
      throw error;
    }
    let isReleased = false;
    // It lasts until it is released: its holder cannot end without everybody else in the process.
    return {
      get lost() {
        return new AbortController().signal;
      },
      held: () => !isReleased,
      release: () => {
        isReleased = true;
        release();
      },
    };
  }

  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    // In an object of its own, since two subscribers may pass the same function.
    const entry = { tell: listener };
    this.#listeners.set(key, listeners.add(entry));
    return () => {
      listeners.delete(entry);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** Tells the listeners that a record has changed, the writer too: a store does not know who calls it. */
  changed(key: string): void {
    for (const { tell } of this.#listeners.get(key) ?? []) queueMicrotask(tell);
  }
}
