import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { systemClock } from '@auth/core';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { manualClock } from '@auth/testing/clock';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { openStore, type StorePlace } from './store-place.ts';
import type { Point, WorkerCommand, WorkerMessage, WorkerOptions } from './worker-protocol.ts';

type Said<Word extends WorkerMessage['say']> = Extract<WorkerMessage, { say: Word }>;

/**
 * Processes that share an account and a store, and the server they log in to. The server is UniPoll's: one spent
 * refresh token presented again ends everybody's session.
 */
export class ProcessGroup implements AsyncDisposable {
  readonly place: StorePlace;
  readonly emulator: RunningEmulator;
  readonly #clock: ReturnType<typeof manualClock>;
  readonly #workers: Worker[] = [];
  #offsetMs = 0;

  private constructor(place: StorePlace, emulator: RunningEmulator, clock: ReturnType<typeof manualClock>) {
    this.place = place;
    this.emulator = emulator;
    this.#clock = clock;
  }

  static async start(place: StorePlace): Promise<ProcessGroup> {
    const clock = manualClock(Date.now());
    return new ProcessGroup(place, await startEmulator({ clock }), clock);
  }

  get server(): RunningEmulator['jwtLogin'] {
    return this.emulator.jwtLogin;
  }

  /** Starts a process. `stopAt`: where its first exchange waits. */
  async open(stopAt?: Point, username?: string): Promise<Worker> {
    const { options, apiUrl } = this.server;
    const account = username === undefined ? options : { ...options, username };
    const worker = new Worker({ ...account, place: this.place, apiUrl, stopAt }, () => this.#offsetMs);
    this.#workers.push(worker);
    await worker.heard('ready');
    return worker;
  }

  /** Takes a token in this process, with a session that has seen nothing yet, and returns the API's status for it. */
  async callHere(username: string = this.server.options.username): Promise<number> {
    await using store = await openStore(this.place);
    const offsetMs = this.#offsetMs;
    const clock = {
      ...systemClock,
      now: () => systemClock.now() + offsetMs,
      monotonic: () => systemClock.monotonic() + offsetMs,
    };
    using session = createJwtLoginAuth({ ...this.server.options, username, store, clock });
    return (await session.fetch(this.server.apiUrl)).status;
  }

  /** Moves the server's clock and every session's clock ahead by a day, so that all tokens expire. */
  expire(): void {
    const dayMs = 24 * 3_600_000;
    this.#offsetMs += dayMs;
    this.#clock.jump(dayMs);
  }

  /** What the server saw since this was last called: `login issued`, `refresh reused` … */
  calls(): string[] {
    const calls = this.server.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
    this.server.ledger.clear();
    return calls;
  }

  /** Whether the store holds the newest refresh token that the server has issued. */
  async keepsNewest(username: string = this.server.options.username): Promise<boolean> {
    await using store = await openStore(this.place);
    const key = JSON.stringify(['jwt-login', this.server.options.baseUrl, JSON.stringify({ username })]);
    const record = await store.get(key);
    const { refreshToken = '' } = JSON.parse(record?.value ?? '{}').tokens ?? {};
    const newest = this.server.newestRefreshId(username);
    return newest !== undefined && this.server.refreshIdOf(refreshToken) === newest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()));
    await this.emulator.close();
  }
}

/** One process, as its parent sees it. */
export class Worker {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #offsetMs: () => number;
  readonly #said: WorkerMessage[] = [];
  #notify: () => void = () => {};

  constructor(options: WorkerOptions, offsetMs: () => number) {
    const script = join(import.meta.dirname, 'worker.ts');
    this.#process = fork(script, [JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#offsetMs = offsetMs;
    this.#ended = new Promise((resolve) => this.#process.once('exit', () => resolve()));
    this.#process.on('message', (message: WorkerMessage) => {
      this.#said.push(message);
      this.#notify();
    });
  }

  /** Asks for a token, now or when the wall clock shows `startAt`. */
  askToken(startAt: number = Date.now()): void {
    this.#tell({ do: 'token', startAt, offsetMs: this.#offsetMs() });
  }

  /** Asks for a token and waits for the outcome, which has the error's code after a failure. */
  async token(startAt?: number): Promise<Said<'token'>> {
    this.askToken(startAt);
    return this.heard('token');
  }

  /** The API's answer to a call. */
  async call(): Promise<number> {
    this.#tell({ do: 'call' });
    return (await this.heard('status')).status;
  }

  /** Lets the process continue from the point where it waits. */
  goOn(): void {
    this.#tell({ do: 'go' });
  }

  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  /** Waits until the process says `word`. @throws Error when the process ends before that */
  async heard<Word extends WorkerMessage['say']>(word: Word): Promise<Said<Word>> {
    let isOver = false;
    this.#ended.then(() => {
      isOver = true;
      this.#notify();
    });
    for (;;) {
      const index = this.#said.findIndex(({ say }) => say === word);
      if (index >= 0) return this.#said.splice(index, 1)[0] as Said<Word>;
      if (isOver) throw new Error(`the process ended before it said ${word}`);
      await new Promise<void>((resolve) => {
        this.#notify = resolve;
      });
    }
  }

  #tell(command: WorkerCommand): void {
    this.#process.send(command);
  }
}
