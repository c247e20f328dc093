import { AuthError, type AuthSession, createAuthSession, memoryStore } from '@auth/core';
import { manualClock } from '@auth/testing/clock';
import {
  createKeeper,
  inProcessQueue,
  type Keeper,
  type KeeperEvent,
  type KeeperOptions,
} from '../../src/index.js';

export const second = 1_000;
export const minute = 60_000;

/** One exchange that the server saw. */
interface Exchange {
  readonly at: number;
  readonly account: string;
  readonly kind: 'login' | 'refresh';
}

/** An auth server with single-use refresh tokens, accounts on it, and keepers on one queue, all on a manual clock. */
export class FleetScene {
  readonly clock = manualClock(1_700_000_000_000);
  readonly queue = inProcessQueue({ clock: this.clock });
  readonly store = memoryStore({ now: () => this.clock.now() });
  readonly exchanges: Exchange[] = [];
  readonly events: KeeperEvent[] = [];
  /** Ends of the newest access tokens. */
  readonly endsAt = new Map<string, number>();
  lifeMs = minute;
  isAway = false;
  readonly wrongPasswords = new Set<string>();
  /** Accounts for whose logins there is no one-time code. */
  readonly withoutCode = new Set<string>();
  readonly #live = new Map<string, string>();
  #issued = 0;

  open(ref: string): AuthSession {
    const { clock, store } = this;
    return createAuthSession(
      {
        name: 'fleet',
        issuer: 'https://auth.example.com',
        account: ref,
        allowedOrigins: ['https://api.example.com'],
        prepareLogin: () => ({
          secrets: [`password of ${ref}`],
          login: async () => this.#exchange(ref, 'login'),
        }),
        refresh: async ({ refreshToken = '' }) => {
          if (this.#live.get(ref) !== refreshToken && !this.isAway)
            throw new AuthError('refresh_refused', { status: 401, delivery: 'answered' });
          return this.#exchange(ref, 'refresh');
        },
      },
      { store, clock, scheduler: null, random: () => 0.5 },
    );
  }

  #exchange(account: string, kind: Exchange['kind']) {
    this.exchanges.push({ at: this.clock.now(), account, kind });
    if (this.isAway) throw Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
    if (this.withoutCode.has(account))
      throw new AuthError('credentials_unavailable', { delivery: 'not_sent' });
    if (kind === 'login' && this.wrongPasswords.has(account))
      throw new AuthError('invalid_credentials', { status: 401, delivery: 'answered' });
    const refreshToken = `refresh-${++this.#issued}`;
    this.#live.set(account, refreshToken);
    this.endsAt.set(account, this.clock.now() + this.lifeMs);
    return { accessToken: `access-${this.#issued}`, refreshToken, expiresInMs: this.lifeMs };
  }

  keeper(options: Partial<KeeperOptions> = {}): Keeper {
    return createKeeper({
      queue: this.queue,
      open: (ref) => this.open(ref),
      clock: this.clock,
      random: () => 0.5,
      onEvent: (event) => this.events.push(event),
      ...options,
    });
  }

  /** Events of a type. */
  heard<Type extends KeeperEvent['type']>(type: Type): Extract<KeeperEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<KeeperEvent, { type: Type }> => event.type === type);
  }

  /** The most exchanges in any second. */
  get mostInASecond(): number {
    return Math.max(
      0,
      ...this.exchanges.map(
        ({ at }) => this.exchanges.filter((other) => other.at >= at && other.at < at + second).length,
      ),
    );
  }
}

export async function* refs(count: number): AsyncGenerator<string> {
  for (let index = 0; index < count; index++) yield `account ${index}`;
}
