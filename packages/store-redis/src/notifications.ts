import type { TokenStore } from '@auth/core';
import type { Connection, Listening } from './client.js';

type Listener = Parameters<NonNullable<TokenStore['subscribe']>>[1];

/** How often a connection is pinged, and how soon it must answer. */
interface Pings {
  readonly everyMs: number;
  readonly answerMs: number;
}

/** A subscription that failed is asked for again after this long, and then after twice as long each time. */
const retryMinMs = 100;
const retryMaxMs = 5_000;
/** How often the connection is asked whether it still stands: a cut network tells nobody. */
const pingEveryMs = 15_000;
/** A ping that is not answered by then finds the connection dead. */
const pingAnswerMs = 5_000;

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
  /** When a connection that has ended is opened again. */
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryMs = retryMinMs;
  readonly #pings: Pings;
  #pinging: ReturnType<typeof setInterval> | undefined;

  constructor(
    connection: Connection,
    channel: string,
    origin: string,
    onError: (error: unknown) => void,
    pings: Pings = { everyMs: pingEveryMs, answerMs: pingAnswerMs },
  ) {
    this.#pings = pings;
    this.#connection = connection;
    this.channel = channel;
    this.origin = origin;
    this.#onError = onError;
  }

  subscribe(name: string, listener: Listener): () => void {
    // Wrapped, so that one function given twice is two subscriptions.
    const own: Listener = (news) => listener(news);
    this.#listeners.set(name, (this.#listeners.get(name) ?? []).concat(own));
    if (this.#listening === undefined && this.#retry === undefined) this.#open();
    return () => this.#remove(name, own);
  }

  close(): void {
    this.#listeners.clear();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#end();
  }

  #remove(name: string, listener: Listener): void {
    const others = this.#listeners.get(name)?.filter((each) => each !== listener) ?? [];
    if (others.length > 0) this.#listeners.set(name, others);
    else this.#listeners.delete(name);
  }

  #open(): void {
    let listening: Listening | undefined;
    const isCurrent = (): boolean => this.#listening === listening;
    try {
      listening = this.#connection.listen({
        onMessage: (message) => {
          const end = message.indexOf(' ');
          if (message.slice(0, end) !== this.origin) tell(this.#listeners.get(message.slice(end + 1)));
        },
        onReady: () => {
          // We missed what was published during the outage.
          if (this.#isSubscribed && isCurrent()) this.#hears();
        },
        onError: (error) => {
          if (isCurrent()) this.#onFailure(error);
        },
        onEnd: () => {
          if (isCurrent()) this.#openLater();
        },
      });
    } catch (error) {
      this.#onFailure(error);
      this.#openLater();
      return;
    }
    this.#listening = listening;
    listening.subscribe(this.channel).then(
      () => {
        if (!isCurrent()) return;
        this.#isSubscribed = true;
        this.#pinging = unref(setInterval(() => this.#ping(), this.#pings.everyMs));
        // We missed what was published before the server confirmed the subscription.
        this.#hears();
      },
      (error: unknown) => {
        if (!isCurrent()) return;
        this.#onFailure(error);
        this.#openLater();
      },
    );
  }

  #ping(): void {
    const listening = this.#listening as Listening;
    const dead = (error: unknown): void => {
      if (this.#listening !== listening) return;
      this.#onFailure(error);
      this.#openLater();
    };
    const unanswered = (): void => dead(new Error('a ping was not answered'));
    const answered = unref(setTimeout(unanswered, this.#pings.answerMs));
    listening.ping().then(() => clearTimeout(answered), dead);
  }

  #end(): void {
    const listening = this.#listening;
    clearInterval(this.#pinging);
    this.#listening = undefined;
    this.#isSubscribed = false;
    listening?.close();
  }

  #openLater(): void {
    this.#end();
    const open = (): void => {
      this.#retry = undefined;
      this.#open();
    };
    this.#retry = unref(setTimeout(open, this.#retryMs));
    this.#retryMs = Math.min(2 * this.#retryMs, retryMaxMs);
  }

  /** Nobody reads until a record is used: the server may just have come back. */
  #hears(): void {
    this.#isFailing = false;
    this.#retryMs = retryMinMs;
    for (const listeners of this.#listeners.values()) tell(listeners, 'missed');
  }

  /** Reports one event per outage, not one per attempt to connect. */
  #onFailure(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#onError(error);
  }
}

/** Lets the program end in spite of a timer, where there is such a thing. */
function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}

function tell(listeners: readonly Listener[] = [], news?: 'missed'): void {
  for (const listener of listeners) listener(news);
}
