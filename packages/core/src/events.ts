import type { AuthErrorCode, AuthPhase, Delivery } from './errors.js';
import { printable } from './printable.js';
import { quietly } from './quietly.js';

interface EventOf<Type extends string> {
  readonly type: Type;
  /** When it happened, epoch milliseconds. */
  readonly at: number;
  /**
   * The session's store key, control characters escaped; empty where a store speaks of all its keys. The default key
   * holds the username.
   */
  readonly key: string;
  /** The provider's name; in an event that a store reports, the store's name, such as `store-file`. */
  readonly provider: string;
}

/** What happens in a session, as an operator plots it. No event holds a token, a secret or a body. */
export type AuthEvent =
  /** A login brought a new set. */
  | (EventOf<'login'> & { readonly tokenId: string; readonly durationMs: number })
  /** A refresh brought a new set. */
  | (EventOf<'refresh'> & {
      readonly tokenId: string;
      readonly previousId: string;
      /** How old the set was that it replaces. */
      readonly previousAgeMs: number;
      readonly durationMs: number;
    })
  /** A set that somebody else stored was taken over, without an exchange. */
  | (EventOf<'adopted'> & { readonly tokenId: string; readonly previousId?: string | undefined })
  /**
   * The API refused a token that looked alive. `ignored`: no exchange follows, since it
   * comes too soon after the last refusal, or refuses a replay.
   */
  | (EventOf<'token_rejected'> & {
      readonly tokenId: string;
      /** How old the refused set is. */
      readonly ageMs: number;
      readonly status: number;
      readonly ignored: boolean;
    })
  /** An exchange failed; `resend`: the same refresh token goes out once more. */
  | (EventOf<'exchange_failed'> & {
      readonly phase: AuthPhase;
      readonly code: AuthErrorCode;
      /** Origin and path of the call, where known. */
      readonly url?: string | undefined;
      readonly status?: number | undefined;
      readonly delivery?: Delivery | undefined;
      readonly serverCode?: string | undefined;
      readonly durationMs: number;
      readonly resend: boolean;
    })
  /** A refresh in the background failed; the token in use stays in use. */
  | (EventOf<'background_failed'> & { readonly code: AuthErrorCode; readonly retryAt?: number | undefined })
  | (EventOf<'store_failed'> & {
      readonly operation: 'get' | 'compareAndSet' | 'lock' | 'release' | 'subscribe' | 'dataId';
      /** The error's own code or class name, such as ECONNREFUSED. */
      readonly reason: string;
    })
  /** A set that could not be saved at first is stored now. */
  | (EventOf<'store_recovered'> & { readonly tokenId: string })
  /** The store says that it has lost everything since it was last asked. What this process holds is written back. */
  | EventOf<'data_lost'>
  /** The store holds something this library did not write; it counts as nothing and will be replaced. */
  | EventOf<'record_unreadable'>
  /** A store moved something it cannot read out of the way. `place`: where it is kept now. */
  | (EventOf<'record_set_aside'> & { readonly place: string })
  /** A store cannot write where it should: what it keeps from now on is lost sooner, or less well guarded. */
  | (EventOf<'store_degraded'> & {
      readonly keptIn: 'local_storage' | 'memory';
      /** The error's own code or class name, such as QuotaExceededError. */
      readonly reason: string;
    })
  /**
   * Sets that live so short are not renewed by `loginAhead`: logins ahead of need would take more than half of
   * `maxLoginsPerHour`. `neededMs`: the shortest life for which they would not.
   */
  | (EventOf<'login_ahead_off'> & { readonly lifeMs: number; readonly neededMs: number })
  /** The lease ended before the work did; the work starts over. */
  | EventOf<'lease_lost'>
  /**
   * A login was refused, or not sent because an earlier refusal stands. `blockedAt`: epoch ms of the refusal.
   * `afterTyped`: a password that somebody typed was refused shortly before, and may have locked the account.
   */
  | (EventOf<'login_blocked'> & { readonly blockedAt: number; readonly afterTyped?: boolean })
  | EventOf<'signed_out'>;

type Each<Event> = Event extends AuthEvent ? Omit<Event, 'at' | 'key' | 'provider'> : never;

/** An event without `at`, `key` and `provider`, which {@link emitEvent} adds. */
export type EventBody = Each<AuthEvent>;

export type EventListener = (event: AuthEvent) => void;

/** Tells every listener; one that throws, rejects or calls back into the session breaks nothing. */
export function emitEvent(
  listeners: readonly EventListener[],
  source: { readonly at: number; readonly key: string; readonly provider: string },
  body: EventBody,
): void {
  const event = Object.freeze({ ...body, ...source, key: printable(source.key) }) as AuthEvent;
  for (const listener of listeners) quietly(() => listener(event));
}

/** Tells the listener that a store was given, if any, what happens in the store. Without `key` it is about all of its keys. */
export function storeEvents(
  store: string,
  onEvent: EventListener | undefined,
): (body: EventBody, key?: string) => void {
  const listeners = onEvent === undefined ? [] : [onEvent];
  return (body, key = '') => emitEvent(listeners, { at: Date.now(), key, provider: store }, body);
}
