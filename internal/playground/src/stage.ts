import { type AuthEvent, type AuthSession, findAuthError, memoryStore, type TokenStore } from '@auth/core';
import { createOAuth2PasswordAuth } from '@auth/oauth2-password';
import { type ManualClock, manualClock } from '@auth/testing/clock';
import { createEmulator, type Emulator } from '@auth/testing/emulator';
import { Network } from './network.ts';
import { Recording } from './recording.ts';

/** One process of a fleet: a session of its own on the store that all share. */
interface Worker {
  readonly name: string;
  readonly session: AuthSession;
}

/** An event, and the worker whose session told of it. */
export interface Told {
  readonly worker: string;
  readonly event: AuthEvent;
}

/** What the server's ledger counts. */
export interface Counts {
  readonly logins: number;
  readonly refreshes: number;
  /** Refresh tokens that came a second time. */
  readonly reused: number;
  readonly accepted: number;
  readonly refused: number;
}

export const mostWorkers = 8;

const hourMs = 3_600_000;
/** Tokens live long: none is renewed in the background between two acts. */
const lifetimes = { accessTokenLifetimeMs: hourMs, refreshTokenLifetimeMs: 24 * hourMs } as const;

/** Workers, their store, and the servers that they call, all on one manual clock. */
export class Stage {
  readonly clock: ManualClock = manualClock();
  readonly emulator: Emulator = createEmulator({ clock: this.clock });
  readonly workers: Worker[] = [];
  readonly events: Told[] = [];
  /** How long the act that is played rests. */
  restMs = 0;
  /** What the vault gives whoever asks. */
  password: string;
  clientSecret: string;
  #recording = new Recording(() => this.clock.monotonic());
  readonly network: Network = new Network(this.clock, this.emulator, this.#recording);
  readonly #shared: TokenStore = memoryStore({ now: () => this.clock.now() });
  /** The same sequence in every run, so that a link shows everybody the same. */
  readonly #random = sequence(7);

  constructor(workers: number) {
    const { password, clientSecret } = this.emulator.keycloak.options;
    this.password = password;
    this.clientSecret = clientSecret;
    this.emulator.keycloak.set(lifetimes);
    for (let count = 0; count < workers; count++) this.addWorker();
  }

  get recording(): Recording {
    return this.#recording;
  }

  /** A new process with a session on the store, unless there are {@link mostWorkers}. */
  addWorker(): void {
    if (this.workers.length < mostWorkers) this.workers.push(this.#started(this.workers.length + 1));
  }

  /** All processes but the first end, and start again. */
  restartOthers(): void {
    for (const [at, { session }] of this.workers.entries()) {
      if (at === 0) continue;
      session.dispose();
      this.workers[at] = this.#started(at + 1);
    }
  }

  #started(number: number): Worker {
    const name = `worker ${number}`;
    const { issuer, clientId, username } = this.emulator.keycloak.options;
    const session = createOAuth2PasswordAuth({
      tokenEndpoint: `${issuer}/protocol/openid-connect/token`,
      revocationEndpoint: `${issuer}/protocol/openid-connect/revoke`,
      clientId,
      clientSecret: () => this.clientSecret,
      username,
      password: () => this.password,
      store: asProcess(this.#shared),
      fetch: this.network.fetchOf(name),
      clock: this.clock,
      random: this.#random,
      onEvent: (event) => void this.events.push({ worker: name, event }),
    });
    return { name, session };
  }

  /** Two minutes pass, and a new recording begins. */
  async nextAct(): Promise<void> {
    await this.clock.advance(2 * 60_000);
    this.#recording = new Recording(() => this.clock.monotonic());
    this.network.recording = this.#recording;
  }

  /** So many calls of the API at once, spread over the workers. Resolves when all have ended. */
  async call(count: number): Promise<void> {
    const share = Math.ceil(count / this.workers.length);
    const last = count - share * (this.workers.length - 1);
    await Promise.all(
      this.workers.map((worker, at) => this.#callFrom(worker, at === this.workers.length - 1 ? last : share)),
    );
  }

  /** Calls from one worker alone. */
  async callFrom(at: number, count: number): Promise<void> {
    const worker = this.workers.at(at);
    if (worker !== undefined) await this.#callFrom(worker, count);
  }

  /** The machines sleep past the end of every access token. */
  sleepPastExpiry(): void {
    this.clock.jump(lifetimes.accessTokenLifetimeMs);
  }

  /** A time in which nothing is shown: it passes at once. */
  async rest(durationMs: number): Promise<void> {
    this.restMs = durationMs;
    await this.wait(durationMs);
    this.restMs = 0;
  }

  wait(durationMs: number): Promise<void> {
    return new Promise((resolve) => void this.clock.setTimeout(resolve, durationMs));
  }

  counts(): Counts {
    const { logins, refreshes, entries, apiCallsAccepted, apiCallsRejected } = this.emulator.keycloak.ledger;
    return {
      logins,
      refreshes,
      reused: entries.filter(({ outcome }) => outcome === 'reused').length,
      accepted: apiCallsAccepted,
      refused: apiCallsRejected,
    };
  }

  dispose(): void {
    for (const { session } of this.workers) session.dispose();
  }

  async #callFrom({ name, session }: Worker, count: number): Promise<void> {
    const callers = this.recording.called(name, count);
    const { recording } = this;
    const call = async (): Promise<void> => {
      try {
        const response = await session.fetch(this.emulator.keycloak.apiUrl);
        await response.body?.cancel();
        if (response.ok) callers.answered++;
        else note(callers.failed, String(response.status));
      } catch (error) {
        note(callers.failed, findAuthError(error)?.code ?? 'network');
      }
    };
    await Promise.all(Array.from({ length: count }, call));
    callers.to = recording.now();
  }
}

/** Loads what a first exchange loads, by one elsewhere: meanwhile a stage's clock would run on to the session's deadlines. */
export async function loadModules(): Promise<void> {
  const emulator = createEmulator();
  const { issuer, ...account } = emulator.keycloak.options;
  await using session = createOAuth2PasswordAuth({ ...account, issuer, fetch: emulator.fetch });
  await session.getTokens();
}

function note(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/** The store as another process has it: sessions share an account only within one object. */
function asProcess(shared: TokenStore): TokenStore {
  return {
    get: (key) => shared.get(key),
    compareAndSet: (key, expectedId, next) => shared.compareAndSet(key, expectedId, next),
    ...(shared.lock && { lock: shared.lock }),
    ...(shared.subscribe && { subscribe: shared.subscribe }),
  };
}

/** Numbers from 0 to below 1 (Park and Miller's minimal standard). */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
