import { unref } from '../clock.js';
import type { TokenStore } from '../store.js';

type Listener = Parameters<NonNullable<TokenStore['subscribe']>>[1];

/** A connection on which a store hears of changes. */
export interface ChangeFeed {
  /** Resolves once changes are heard. */
  subscribe(): Promise<unknown>;
  /** Rejects, or never resolves, where the connection is dead. Absent: that cannot be asked. */
  ping?(): Promise<unknown>;
  close(): void;
}

/** What a {@link ChangeFeed} tells. */
export interface ChangeFeedHandlers {
  /** Somebody else changed the record of this name. */
  onChange(name: string): void;
  /** Connected, for the first time or again. */
  onReady(): void;
  onError(error: unknown): void;
  /** The connection has ended, and does not come back by itself. */
  onEnd(): void;
}

/** How often a connection is asked whether it still stands, and how soon it must answer, in milliseconds. */
export interface Pings {
  readonly everyMs: number;
  readonly answerMs: number;
}

/** A feed that failed is opened again after this long, and then after twice as long each time. */
const retryMinMs = 100;
const retryMaxMs = 5_000;
/** A connection that takes longer to open is given up, and another one opened. */
const subscribeMs = 30_000;
/** A cut network tells nobody. */
const defaultPings: Pings = { everyMs: 15_000, answerMs: 5_000 };

/**
 * For stores with a `subscribe`: one feed, whatever number of records a process listens to, opened by the first listener
 * and again whenever it ends. Listeners are told `'missed'` after each gap.
 */
export class ChangeListeners {
  readonly #openFeed: (handlers: ChangeFeedHandlers) => ChangeFeed;
  readonly #onError: (error: unknown) => void;
  readonly #pings: Pings;
  /** By name of the record. Arrays, because a set for each of a hundred thousand accounts is four times as large. */
  readonly #listeners = new Map<string, readonly Listener[]>();
  #feed: ChangeFeed | undefined;
  #isSubscribed = false;
  #isFailing = false;
  /** When a feed that has ended is opened again. */
  #retry: ReturnType<typeof setTimeout> | undefined;
  #retryMs = retryMinMs;
  /** When a feed that has not confirmed its subscription is given up. */
  #late: ReturnType<typeof setTimeout> | undefined;
  #pinging: ReturnType<typeof setInterval> | undefined;

  /**
   * @param openFeed may throw, where there is nothing to connect to
   * @param onError told once an outage
   */
  constructor(
    openFeed: (handlers: ChangeFeedHandlers) => ChangeFeed,
    onError: (error: unknown) => void,
    pings: Pings = defaultPings,
  ) {
    this.#openFeed = openFeed;
    this.#onError = onError;
    this.#pings = pings;
  }

  subscribe(name: string, listener: Listener): () => void {
    // Wrapped, so that one function given twice is two subscriptions.
    const own: Listener = (news) => listener(news);
    this.#listeners.set(name, (this.#listeners.get(name) ?? []).concat(own));
    if (this.#feed === undefined && this.#retry === undefined) this.#open();
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
    let feed: ChangeFeed | undefined;
    const isCurrent = (): boolean => feed !== undefined && this.#feed === feed;
    const failed = (error: unknown): void => {
      if (isCurrent()) this.#failed(error);
    };
    try {
      feed = this.#openFeed({
        onChange: (name) => {
          if (isCurrent()) tell(this.#listeners.get(name));
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
      this.#failed(error);
      return;
    }
    this.#feed = feed;
    const tooLate = (): void => failed(new Error('the subscription was not confirmed'));
    this.#late = unref(setTimeout(tooLate, subscribeMs));
    feed.subscribe().then(() => {
      if (!isCurrent()) return;
      clearTimeout(this.#late);
      this.#isSubscribed = true;
      const ping = feed.ping?.bind(feed);
      if (ping !== undefined) {
        this.#pinging = unref(setInterval(() => this.#ask(ping, failed), this.#pings.everyMs));
      }
      // We missed what was published before the server confirmed the subscription.
      this.#hears();
    }, failed);
  }

  #ask(ping: () => Promise<unknown>, failed: (error: unknown) => void): void {
    const unanswered = (): void => failed(new Error('a ping was not answered'));
    const late = unref(setTimeout(unanswered, this.#pings.answerMs));
    ping().then(() => clearTimeout(late), failed);
  }

  /** The feed is given up for another one. */
  #failed(error: unknown): void {
    this.#onFailure(error);
    this.#openLater();
  }

  #end(): void {
    const feed = this.#feed;
    clearTimeout(this.#late);
    clearInterval(this.#pinging);
    this.#feed = undefined;
    this.#isSubscribed = false;
    feed?.close();
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

  #onFailure(error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#onError(error);
  }
}

function tell(listeners: readonly Listener[] = [], news?: 'missed'): void {
  for (const listener of listeners) listener(news);
}
