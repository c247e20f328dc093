import type { Core } from './core.ts';
import type { Random } from './random.ts';
import type { Answer, Server } from './server.ts';
import type { Process, World } from './world.ts';

/** What goes wrong with one exchange. */
export type Trouble =
  | { readonly kind: 'refuse_connection' | 'drop_before' | 'drop_after' | 'stall' | 'break' }
  | { readonly kind: 'sign_out_midway' }
  | { readonly kind: 'drop_and_freeze'; readonly forMs: number }
  | { readonly kind: 'limit'; readonly retryAfterMs: number | undefined };

/** One request to the token server, as an observer sees it who knows both sides. */
export interface Exchange {
  readonly process: Process;
  readonly kind: 'login' | 'refresh' | 'revoke';
  /** The refresh token or the password. */
  readonly secret: string;
  readonly sentAt: number;
  /** When the process learned how it ended, or gave up. */
  endedAt: number | undefined;
  /** What the process has learned; `lost` when it cannot tell. */
  outcome: 'pending' | 'issued' | 'revoked' | 'refused' | 'client_refused' | 'limited' | 'not_sent' | 'lost';
  /** The refresh token that came back. */
  issued: string | undefined;
}

/** The network between the processes and the server. */
export class Network {
  readonly troubles: Trouble[] = [];
  /** The client's secret as our processes have it. */
  clientSecret = 'client';
  /** Nobody reaches the server until then; each attempt fails after `failMs`. */
  outage: { readonly until: number; readonly failMs: number } = { until: 0, failMs: 0 };
  readonly #world: World;
  readonly #random: Random;
  readonly #server: Server;
  readonly #core: Core;
  readonly #onSend: (exchange: Exchange) => void;
  readonly #onEnd: (exchange: Exchange, retryAfterMs?: number) => void;
  readonly #onTrouble: (kind: string) => void;
  readonly #freeze: (process: Process, forMs: number) => void;
  readonly #signOut: (process: Process) => void;

  constructor(
    world: World,
    random: Random,
    server: Server,
    core: Core,
    hooks: {
      onSend(exchange: Exchange): void;
      onEnd(exchange: Exchange, retryAfterMs?: number): void;
      onTrouble(kind: string): void;
      freeze(process: Process, forMs: number): void;
      signOut(process: Process): void;
    },
  ) {
    this.#world = world;
    this.#random = random;
    this.#server = server;
    this.#core = core;
    this.#onSend = hooks.onSend;
    this.#onEnd = hooks.onEnd;
    this.#onTrouble = hooks.onTrouble;
    this.#freeze = hooks.freeze;
    this.#signOut = hooks.signOut;
  }

  /** Sends a request; rejects as a provider's transport would. */
  send(process: Process, kind: Exchange['kind'], secret: string, signal: AbortSignal): Promise<Answer> {
    const exchange: Exchange = {
      process,
      kind,
      secret,
      sentAt: this.#world.now,
      endedAt: undefined,
      outcome: 'pending',
      issued: undefined,
    };
    this.#onSend(exchange);
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const trouble = this.troubles.shift();
    if (trouble !== undefined) this.#onTrouble(trouble.kind);
    if (trouble?.kind === 'sign_out_midway') this.#world.schedule(process, 1, () => this.#signOut(process));
    const end = (outcome: Exchange['outcome'], settle: () => void): void => {
      if (exchange.endedAt !== undefined) return;
      exchange.endedAt = this.#world.now;
      exchange.outcome = outcome;
      this.#onEnd(exchange, trouble?.kind === 'limit' ? trouble.retryAfterMs : undefined);
      if (trouble?.kind === 'drop_and_freeze') this.#freeze(process, trouble.forMs);
      settle();
    };
    signal.addEventListener('abort', () => end('lost', () => reject(signal.reason)), { once: true });
    const delay = (): number => this.#random.between(2, this.#random.chance(0.1) ? 3_000 : 120);
    const fail = (outcome: 'not_sent' | 'lost', error: Error): void =>
      void this.#world.schedule(process, delay(), () => end(outcome, () => reject(error)));
    const { AuthError } = this.#core;
    const reset = (): Error =>
      Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNRESET' } });
    if (this.#world.now < this.outage.until) {
      this.#world.schedule(process, this.outage.failMs, () => end('not_sent', () => reject(unreachable())));
      return promise;
    }
    if (trouble?.kind === 'refuse_connection') {
      fail('not_sent', unreachable());
      return promise;
    }
    this.#world.schedule(undefined, delay(), () => {
      switch (trouble?.kind) {
        case 'drop_before':
        case 'drop_and_freeze':
          return fail('lost', reset());
        case 'break':
          return fail('lost', new AuthError('server_unavailable', { status: 502, delivery: 'unknown' }));
        case 'limit': {
          const { retryAfterMs } = trouble;
          const error = new AuthError('rate_limited', { status: 429, retryAfterMs, delivery: 'answered' });
          this.#world.schedule(process, delay(), () => end('limited', () => reject(error)));
          return;
        }
      }
      const answer = this.#server[kind](secret, this.clientSecret);
      if (trouble?.kind === 'drop_after') return fail('lost', reset());
      if (answer.kind === 'broken') {
        const { status } = answer;
        return fail(
          'lost',
          new AuthError('server_unavailable', { status, delivery: 'unknown', answer: 'json' }),
        );
      }
      if (trouble?.kind === 'stall') return;
      this.#world.schedule(process, delay(), () => {
        if (answer.kind === 'issued') exchange.issued = answer.refreshToken;
        end(answer.kind as Exchange['outcome'], () => resolve(answer));
      });
    });
    return promise;
  }
}

/** What fetch throws where no connection stands. */
export function unreachable(): TypeError {
  return Object.assign(new TypeError('fetch failed'), { cause: { code: 'ECONNREFUSED' } });
}
