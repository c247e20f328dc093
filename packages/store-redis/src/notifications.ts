import type { Connection, Listening } from './client.js';

/** A subscription that failed is asked for again after this. */
const askAgainMs = 5_000;

/** Tells listeners of writes by others, over one connection that is opened when the first one subscribes. */
export class Notifications {
  readonly #connection: Connection;
  /** Names this store object in its own messages, which it leaves out. */
  readonly origin: string;
  readonly #onError: (error: unknown) => void;
  readonly #listeners = new Map<string, Set<() => void>>();
  #listening: Listening | undefined;
  #wasReady = false;
  #isTroubled = false;

  constructor(connection: Connection, origin: string, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.origin = origin;
    this.#onError = onError;
  }

  subscribe(channel: string, listener: () => void): () => void {
    this.#listening ??= this.#open();
    const listeners = this.#listeners.get(channel) ?? new Set();
    if (listeners.size === 0) this.#ask(channel);
    this.#listeners.set(channel, listeners);
    // Wrapped, so that one function given twice is two subscriptions.
    const own = (): void => listener();
    listeners.add(own);
    return () => {
      listeners.delete(own);
      if (listeners.size > 0 || this.#listeners.get(channel) !== listeners) return;
      this.#listeners.delete(channel);
      this.#listening?.unsubscribe(channel).catch(() => {});
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#listening?.close();
    this.#listening = undefined;
  }

  #open(): Listening {
    return this.#connection.listen({
      onMessage: (channel, message) => {
        if (message !== this.origin) tell(this.#listeners.get(channel));
      },
      onReady: () => this.#onReady(),
      onError: (error) => this.#onTrouble(error),
    });
  }

  #ask(channel: string): void {
    this.#listening?.subscribe(channel).then(
      () => {
        this.#isTroubled = false;
        // What was published before the server knew of us went by unheard.
        tell(this.#listeners.get(channel));
      },
      (error: unknown) => {
        if (!this.#listeners.has(channel)) return;
        this.#onTrouble(error);
        const timer = setTimeout(() => this.#askAgain(channel), askAgainMs);
        (timer as { unref?: () => void }).unref?.();
      },
    );
  }

  #askAgain(channel: string): void {
    if (this.#listeners.has(channel)) this.#ask(channel);
  }

  #onReady(): void {
    this.#isTroubled = false;
    // As does what is published during an outage.
    if (this.#wasReady) for (const listeners of this.#listeners.values()) tell(listeners);
    this.#wasReady = true;
  }

  /** One event for an outage, not one for each attempt to connect. */
  #onTrouble(error: unknown): void {
    if (this.#isTroubled) return;
    this.#isTroubled = true;
    this.#onError(error);
  }
}

function tell(listeners: ReadonlySet<() => void> | undefined): void {
  for (const listener of [...(listeners ?? [])]) listener();
}
