import type { TokenStore } from '@auth/core';
import type { Connection, Listening } from './client.js';

type Listener = Parameters<NonNullable<TokenStore['subscribe']>>[1];

/** A subscription that failed is retried after this long. */
const retryMs = 5_000;

/** Notifies listeners of writes by others, over one connection that the first subscription opens. */
export class Notifications {
  readonly #connection: Connection;
  /** Identifies this store object in the messages it publishes, so that it can ignore them. */
  readonly origin: string;
  readonly #onError: (error: unknown) => void;
  /** By channel. Arrays, because a set for each of a hundred thousand accounts is four times as large. */
  readonly #listeners = new Map<string, readonly Listener[]>();
  #listening: Listening | undefined;
  #wasReady = false;
  #isFailing = false;

  constructor(connection: Connection, origin: string, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.origin = origin;
    this.#onError = onError;
  }

  subscribe(channel: string, listener: Listener): () => void {
    this.#listening ??= this.#open();
    const others = this.#listeners.get(channel) ?? [];
    if (others.length === 0) this.#requestSubscription(channel);
    // Wrapped, so that one function given twice is two subscriptions.
    const own: Listener = (news) => listener(news);
    this.#listeners.set(channel, others.concat(own));
    return () => this.#remove(channel, own);
  }

  close(): void {
    this.#listeners.clear();
    this.#listening?.close();
    this.#listening = undefined;
  }

  #remove(channel: string, listener: Listener): void {
    const listeners = this.#listeners.get(channel);
    if (listeners?.includes(listener) !== true) return;
    const others = listeners.filter((each) => each !== listener);
    if (others.length > 0) {
      this.#listeners.set(channel, others);
      return;
    }
    this.#listeners.delete(channel);
    this.#listening?.unsubscribe(channel).catch(() => {});
  }

  #open(): Listening {
    return this.#connection.listen({
      onMessage: (channel, message) => {
        if (message !== this.origin) tell(this.#listeners.get(channel));
      },
      onReady: () => this.#onReady(),
      onError: (error) => this.#onFailure(error),
    });
  }

  #requestSubscription(channel: string): void {
    this.#listening?.subscribe(channel).then(
      () => {
        this.#isFailing = false;
        // We missed what was published before the server confirmed the subscription: assume a change.
        tell(this.#listeners.get(channel));
      },
      (error: unknown) => {
        if (!this.#listeners.has(channel)) return;
        this.#onFailure(error);
        const timer = setTimeout(() => this.#retry(channel), retryMs);
        (timer as { unref?: () => void }).unref?.();
      },
    );
  }

  #retry(channel: string): void {
    if (this.#listeners.has(channel)) this.#requestSubscription(channel);
  }

  #onReady(): void {
    this.#isFailing = false;
    // We missed what was published during the outage. Nobody reads until a record is used: the server has just come back.
    if (this.#wasReady) for (const listeners of this.#listeners.values()) tell(listeners, 'missed');
    this.#wasReady = true;
  }

  /** Reports one event per outage, not one per attempt to connect. */
  #onFailure(error: unknown): void {
    if (this.#isFailing || this.#listening === undefined) return;
    this.#isFailing = true;
    this.#onError(error);
  }
}

function tell(listeners: readonly Listener[] = [], news?: 'missed'): void {
  for (const listener of listeners) listener(news);
}
