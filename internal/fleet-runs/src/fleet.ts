import { startPostgres, startRedis } from '@internal/test-tools';
import { leaseMs } from './accounts.ts';
import { Child } from './child.ts';
import { type EngineUsage, usageOfPostgres, usageOfRedis } from './engine-usage.ts';
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

export const engines: readonly EnginePlace['kind'][] = ['bullmq', 'pg-boss'];
/** What befalls a fleet. */
export const troubles = [
  'none',
  'killed workers',
  'server away',
  'engine restarted',
  'engine emptied',
] as const;
export type Trouble = (typeof troubles)[number];

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

/** How a fleet is run. */
export interface RunOptions extends FleetPlan {
  readonly engine: EnginePlace['kind'];
  readonly trouble: Trouble;
  readonly durationMs: number;
  /** What a machine that is busy with other work may add to a caller's wait, milliseconds. Default 0. */
  readonly busyMs?: number | undefined;
}

/** What became of it. */
export interface RunResult {
  readonly ledger: LedgerReport;
  /** All processes together, those that were killed left out. */
  readonly fleet: FleetReport;
}

const latencyMs = 50;
const killEveryMs = 3_000;
const awayMs = 20_000;
/** How long an empty engine is left to the programs that hold tokens. */
const emptyMs = 3_000;

/** Lets a fleet keep accounts, with half of them in use, while the trouble befalls it. */
export async function runFleet(options: RunOptions): Promise<RunResult> {
  const { lifeMs, durationMs } = options;
  await using engine = await startEngine(options.engine, options.trouble !== 'engine emptied');
  await using fleet = new Fleet(options, engine);
  await fleet.start();
  await fleet.enrolled(4 * lifeMs);
  await fleet.startCallers();
  await fleet.begin();
  const endsAt = Date.now() + durationMs;
  await befall(options, fleet, engine, endsAt);
  await pause(endsAt - Date.now());
  return await fleet.report();
}

/** For how long the auth server is away, milliseconds. */
export function awayMsOf({ durationMs }: Pick<RunOptions, 'durationMs'>): number {
  return Math.min(awayMs, durationMs / 3);
}

async function befall(
  options: RunOptions,
  fleet: Fleet,
  engine: RunningEngine,
  endsAt: number,
): Promise<void> {
  const { trouble, durationMs } = options;
  if (trouble === 'none') return;
  if (trouble === 'killed workers') {
    // The last of them has time to be missed.
    while (Date.now() < endsAt - killEveryMs) {
      await pause(killEveryMs);
      await fleet.replaceOne();
    }
    return;
  }
  await pause(durationMs / 4);
  if (trouble === 'server away') {
    await fleet.server.ask({ do: 'goAway' });
    await pause(awayMsOf(options));
    await fleet.server.ask({ do: 'comeBack' });
    return;
  }
  await engine.kill();
  await pause(2_000);
  await engine.restart();
  if (trouble !== 'engine emptied') return;
  // Programs write back what they hold; the schedule comes back with the sweep of new workers.
  await pause(emptyMs);
  for (let worker = 0; worker < options.workers; worker++) await fleet.replaceOne();
}

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

  constructor(options: FleetPlan, { place }: RunningEngine) {
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

  async report(): Promise<RunResult> {
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
    return heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`, '--max-semi-space-size=2'];
  }

  async #open(program: string, share?: FleetOptions['share']): Promise<Child<FleetCommand, FleetMessage>> {
    const { accounts, lifeMs, planted, perIssuer, sweepSpreadMs } = this.#options;
    const { baseUrl, place: engine } = { baseUrl: this.#baseUrl, place: this.#place };
    const options: FleetOptions = {
      engine,
      baseUrl,
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

export interface RunningEngine extends AsyncDisposable {
  readonly place: EnginePlace;
  usage(): Promise<EngineUsage>;
  kill(): Promise<void>;
  /** Starts it again, with its data or without. */
  restart(): Promise<void>;
}

export async function startEngine(kind: EnginePlace['kind'], keepsData = true): Promise<RunningEngine> {
  if (kind === 'pg-boss') {
    if (!keepsData) throw new Error('PostgreSQL keeps its data');
    const postgres = await startPostgres();
    return { ...postgres, place: { kind, url: postgres.url }, usage: () => usageOfPostgres(postgres.url) };
  }
  const redis = await startRedis({ keepsData });
  return { ...redis, place: { kind, port: redis.port }, usage: () => usageOfRedis(redis.port) };
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

/** How long a caller may wait at most, milliseconds: for an exchange, or for the lease of a worker that died. */
export function longestWaitMs({ trouble, busyMs = 0 }: RunOptions): number {
  return (trouble === 'killed workers' ? leaseMs : 0) + 2 * latencyMs + busyMs;
}
