import { Child } from './child.ts';
import type { EngineServer } from './engine-server.ts';
import type { LedgerReport } from './ledger.ts';
import type {
  EnginePlace,
  FleetCommand,
  FleetMessage,
  FleetOptions,
  FleetReport,
  Planted,
  ServerCommand,
  ServerMessage,
  WorkedBy,
} from './messages.ts';
import { nothing, sum } from './report.ts';

/** A fleet and its accounts. */
export interface FleetPlan {
  readonly workers: number;
  readonly accounts: number;
  readonly lifeMs: number;
  readonly planted?: Planted | undefined;
  /** Exchanges a second, of all workers. */
  readonly perIssuer?: number | undefined;
  /** Over how long the first runs are spread. Default a quarter of a life. */
  readonly sweepSpreadMs?: number | undefined;
  /** Default the keeper. */
  readonly workedBy?: WorkedBy | undefined;
  /** How long the auth server takes for an answer. Default 50. */
  readonly latencyMs?: number | undefined;
  /** The most memory of a worker's heap, MiB. Default V8's own. */
  readonly heapMiB?: number | undefined;
}

/** What became of a fleet. */
export interface FleetResult {
  readonly ledger: LedgerReport;
  /** All processes together, those that were killed left out. */
  readonly fleet: FleetReport;
}

/** Of the auth server's answers, unless a plan says otherwise. */
export const latencyMs = 50;

/** A program with a session for each account. */
export interface Opener {
  /** Asks for all accounts, so many at once, default 64. Resolves when it has a token of each. */
  open(atOnce?: number): Promise<void>;
}

/** The processes. */
export class Fleet implements AsyncDisposable {
  readonly server: Child<ServerCommand, ServerMessage>;
  readonly #options: FleetPlan;
  readonly #place: EnginePlace;
  #baseUrl = '';
  #workers: Child<FleetCommand, FleetMessage>[] = [];
  #callers: Child<FleetCommand, FleetMessage>[] = [];
  #killed = 0;

  constructor(options: FleetPlan, { place }: EngineServer) {
    this.#options = options;
    this.#place = place;
    this.server = new Child('auth-server.js', [
      String(options.lifeMs),
      String(options.latencyMs ?? latencyMs),
    ]);
  }

  async start(): Promise<void> {
    await this.startServer();
    await this.startWorkers();
  }

  async startServer(): Promise<void> {
    const ready = await this.server.heard();
    if (ready.say === 'ready') this.#baseUrl = `http://127.0.0.1:${ready.port}`;
  }

  async startWorkers(): Promise<void> {
    const { workers: of, workedBy = 'keeper' } = this.#options;
    const program = workedBy === 'keeper' ? 'worker.js' : 'by-hand.js';
    this.#workers = await Promise.all(
      Array.from({ length: of }, (_, index) => this.#open(program, { index, of })),
    );
  }

  async startCallers(): Promise<void> {
    this.#callers = await Promise.all([1, 2].map(() => this.#open('caller.js')));
    // Their first look at each account's record is no wait of a fleet at work.
    await pause(Math.min(5_000, this.#options.lifeMs / 4) + 1_000);
  }

  /** Starts programs that open all accounts when they are told to. */
  async startOpeners(count: number): Promise<readonly Opener[]> {
    const started = await Promise.all(Array.from({ length: count }, () => this.#open('opener.js')));
    this.#callers.push(...started);
    return started.map((program) => ({
      open: async (atOnce = 64) => void (await program.ask({ do: 'open', atOnce })),
    }));
  }

  async begin(): Promise<void> {
    await this.report();
    await this.server.ask({ do: 'begin' });
  }

  /** Kills a worker, whatever it does, and starts another. */
  async replaceOne(): Promise<void> {
    const worker = this.#workers.splice(this.#killed++ % this.#workers.length, 1)[0];
    const successor = this.#open('worker.js');
    await worker?.kill();
    this.#workers.push(await successor);
  }

  async endPrograms(): Promise<void> {
    await Promise.all(this.#callers.splice(0).map((program) => program.kill()));
  }

  /** How many accounts the server has given tokens to, and how many refresh tokens it has taken. */
  async count(): Promise<{ readonly accounts: number; readonly rotations: number }> {
    const said = await this.server.ask({ do: 'count' });
    if (said.say !== 'count') throw new Error(`the server said ${said.say}`);
    return said;
  }

  /** Waits until every account has had a token. */
  async enrolled(withinMs = 600_000): Promise<void> {
    await within(withinMs, async () => (await this.count()).accounts === this.#options.accounts);
  }

  /** Waits until a worker has gone through all accounts. */
  async swept(withinMs = 600_000): Promise<void> {
    await within(withinMs, async () => (await this.report()).fleet.sweeps > 0);
  }

  async report(): Promise<FleetResult> {
    const processes = [...this.#workers, ...this.#callers];
    const said = await Promise.all(processes.map((each) => each.ask({ do: 'report' })));
    const reports = said.flatMap((message) => (message.say === 'report' ? [message.report] : []));
    const ledger = await this.server.ask({ do: 'report' });
    if (ledger.say !== 'report') throw new Error(`the server said ${ledger.say}`);
    return { ledger: ledger.report, fleet: reports.reduce(sum, nothing) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.server, ...this.#workers, ...this.#callers].map((each) => each.kill()));
  }

  get #heapOptions(): string[] {
    const { heapMiB } = this.#options;
    return heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`, '--max-semi-space-size=1'];
  }

  async #open(program: string, share?: FleetOptions['share']): Promise<Child<FleetCommand, FleetMessage>> {
    const { accounts, lifeMs, planted, perIssuer, sweepSpreadMs } = this.#options;
    const options: FleetOptions = {
      engine: this.#place,
      baseUrl: this.#baseUrl,
      accounts,
      lifeMs,
      planted,
      perIssuer,
      sweepSpreadMs,
      share,
    };
    const child = new Child<FleetCommand, FleetMessage>(
      program,
      [JSON.stringify(options)],
      this.#heapOptions,
    );
    await child.heard();
    return child;
  }
}

async function within(limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 200) {
    if (waited > limitMs) throw new Error('the fleet did not get so far in time');
    await pause(200);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
