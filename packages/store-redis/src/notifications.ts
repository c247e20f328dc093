import type { TokenStore } from '@auth/core';
import type { Connection, Listening } from './client.js';

type Listener = Parameters<NonNullable<TokenStore['subscribe']>>[1];

/** A subscription that failed is retried after this long. */
const retryMs = 5_000;

/**
 * Notifies listeners of writes by others: one subscription, whatever number of records a process listens to, over one
 * connection that the first listener opens. A message names the store object that wrote, and the record.
 */
export class Notifications {
  readonly #connection: Connection;
  readonly channel: string;
  /** Identifies this store object in the messages it publishes, so that it can ignore them. */
  readonly origin: string;
  readonly #onError: (error: unknown) => void;
  /** By name of the record. Arrays, because a set for each of a hundred thousand accounts is four times as large. */
  readonly #listeners = new Map<string, readonly Listener[]>();
  #listening: Listening | undefined;
  #isSubscribed = false;
  #isFailing = false;

  constructor(connection: Connection, channel: string, origin: string, onError: (error: unknown) => void) {
    this.#connection = connection;
    this.channel = channel;
    this.origin = origin;
    this.#onError = onError;
  }

  subscribe(name: string, listener: Listener): () => void {
    // Wrapped, so that one function given twice is two subscriptions.
    const own: Listener = (news) => listener(news);
    this.#listeners.set(name, (this.#listeners.get(name) ?? []).concat(own));
    if (this.#listening === undefined) {
      this.#listening = this.#open();
      this.#requestSubscription();
    }
    return () => this.#remove(name, own);
  }

  close(): void {
    this.#listeners.clear();
    this.#listening?.close();
    this.#listening = undefined;
    this.#isSubscribed = false;
  }

  #remove(name: string, listener: Listener): void {
    const others = this.#listeners.get(name)?.filter((each) => each !== listener) ?? [];
    if (others.length > 0) this.#listeners.set(name, others);
    else this.#listeners.delete(name);
  }

  #open(): Listening {
    return this.#connection.listen({
      onMessage: (message) => {
        const end = message.indexOf(' ');
        if (message.slice(0, end) !== this.origin) tell(this.#listeners.get(message.slice(end + 1)));
      },
      onReady: () => {
        this.#isFailing = false;
        // We missed what was published during the outage.
        if (this.#isSubscribed) this.#tellMissed();
      },
      onError: (error) => this.#onFailure(error),
    });
  }

  #requestSubscription(): void {
    const listening = this.#listening;
    listening?.subscribe(this.channel).then(
      () => {
        this.#isFailing = false;
        this.#isSubscribed = true;
        // We missed what was published before the server confirmed the subscription.
        this.#tellMissed();
      },
      (error: unknown) => {
        if (this.#listening !== listening) return;
        this.#onFailure(error);
        const timer = setTimeout(() => {
          if (this.#listening === listening) this.#requestSubscription();
        }, retryMs);
        (timer as { unref?: () => void }).unref?.();
      },
    );
  }

  /** Nobody reads until a record is used: the server may just have come back. */
  #tellMissed(): void {
    for (const listeners of this.#listeners.values()) tell(listeners, 'missed');
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
