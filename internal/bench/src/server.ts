import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Place } from './peer.ts';
import type { Ledger, Settings } from './server-process.ts';

/** The server of a benchmark, in a separate process. */
export class BenchServer implements Disposable {
  readonly place: Place;
  readonly #stop: () => void;

  private constructor(origin: string, stop: () => void) {
    this.place = {
      origin,
      username: 'ada',
      password: 'password',
      clientId: 'client',
      clientSecret: 'secret',
    };
    this.#stop = stop;
  }

  static async start(settings: Partial<Settings> = {}): Promise<BenchServer> {
    const child = fork(join(import.meta.dirname, 'server-process.ts'), {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      execArgv: [],
    });
    const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, 'data');
    const server = new BenchServer(String(line).trim(), () => child.kill());
    await server.set(settings);
    return server;
  }

  get api(): string {
    return `${this.place.origin}/api`;
  }

  async set(settings: Partial<Settings>): Promise<void> {
    await this.#post('/control', settings);
  }

  /** What the server has seen since the last call. */
  async ledger(): Promise<Ledger> {
    return (await (await fetch(`${this.place.origin}/ledger`)).json()) as Ledger;
  }

  async revokeAccessTokens(): Promise<void> {
    await this.#post('/revoke-access-tokens', {});
  }

  /** Ends all sessions: their refresh tokens are refused. */
  async endSessions(): Promise<void> {
    await this.#post('/end-sessions', {});
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  async #post(path: string, body: unknown): Promise<void> {
    const response = await fetch(this.place.origin + path, { method: 'POST', body: JSON.stringify(body) });
    await response.arrayBuffer();
  }
}
