import { Checks } from './checks.ts';
import type { Core } from './core.ts';
import { strike } from './faults.ts';
import { Judge, minuteMs } from './judge.ts';
import { Life, type Surroundings } from './life.ts';
import { Network } from './network.ts';
import type { Fault, Plan, PlannedCall } from './plan.ts';
import { Random } from './random.ts';
import { Server } from './server.ts';
import { standIn } from './stand-in.ts';
import { SharedStore } from './store.ts';
import { WorkerQueue } from './worker-queue.ts';
import { type Process, World } from './world.ts';

/** The result of a run. */
export interface RunResult {
  readonly steps: number;
  readonly exchanges: number;
  /** How often each kind of fault struck. */
  readonly faults: Readonly<Record<string, number>>;
  /** Broken rules, the first one first. */
  readonly violations: readonly string[];
}

/** How long a fault's effects may last after the last fault. */
const settleMs = 5 * minuteMs;
/** Every process must get a working token within this time after the faults: the login limit may cost it an hour. */
const recoveryMs = 80 * minuteMs;
/** Time for exchanges under way to end after `dispose`. */
const disposeMs = 30_000;
/** Minutes after the faults at which each process calls: often at first, when there is most to repair. */
const quietCalls = [1, 2, 3, 5, 8, 13, 20, 30, 45, 62, 70, 75];

/** Runs a plan in virtual time. The same plan runs the same way each time. */
export async function run(
  cores: readonly Core[],
  plan: Plan,
  trace?: (line: string) => void,
): Promise<RunResult> {
  const [core] = cores as [Core];
  const world = new World();
  const startedAt = world.now;
  const random = new Random(plan.seed ^ 0x5eed);
  const server = new Server(world, plan);
  const current: Life[] = [];
  let exchanges = 0;
  const faults: Record<string, number> = {};
  const count = (kind: string): void => {
    faults[kind] = (faults[kind] ?? 0) + 1;
  };
  const lifeOf = (process: Process): Life | undefined => judge.lives.get(process);
  const say = (line: string): void =>
    trace?.(`${((world.now - startedAt) / 1_000).toFixed(3).padStart(10)}  ${line}`);
  const network = new Network(world, random, server, core, {
    onSend: (exchange) => {
      if (exchange.kind !== 'revoke') exchanges++;
      say(`${exchange.process.name} -> server: ${exchange.kind} ${exchange.secret}`);
      checks.onSend(exchange);
    },
    onEnd: (exchange, retryAfterMs) => {
      say(`${exchange.process.name} <- server: ${exchange.kind} ${exchange.outcome}`);
      checks.onEnd(exchange, retryAfterMs);
    },
    onTrouble: count,
    freeze: (process, forMs) => lifeOf(process)?.freeze(forMs),
    signOut: (process) => lifeOf(process)?.signOut(),
  });
  const store = new SharedStore(world, random, core, plan.store, {
    onWrite: (write) => checks.onWrite(write),
    onRead: (process, readKey, record) => checks.onRead(process, readKey, record),
    onTrouble: count,
    onAccessUnderLock: (process, access) => lifeOf(process)?.onAccessUnderLock(access),
  });
  store.namesData = plan.theme === 'lost_data';
  const around: Surroundings = {
    cores,
    world,
    random,
    server,
    network,
    store,
    queue: new WorkerQueue(world, random, plan.accessLifeMs),
    plan,
    vault: server.password,
    onReached: (life) => checks.onReached(life),
    onCallStart: (call) => checks.onCallStart(call),
    onSignedIn: (life) => checks.onSignedIn(life),
    onSignOut: () => checks.onSignOut(),
    onAdopted: (life) => checks.onAdopted(life),
    onRun: (life, event) => checks.onRun(life, event),
    trace: say,
  };
  const judge = new Judge(around);
  const checks = new Checks(judge);

  const start = (index: number): void => {
    const wallOffsetMs = current[index]?.process.wallOffsetMs ?? 0;
    const own = plan.theme === 'copies' ? (cores[index] as Core) : core;
    const life = new Life(`p${index}.${judge.lives.size}`, wallOffsetMs, around, own);
    current[index] = life;
    judge.lives.set(life.process, life);
  };
  const callAfter = (delayMs: number, index: number, planned?: PlannedCall): void =>
    void world.schedule(undefined, delayMs, () => {
      if (plan.theme === 'one_call') start(index);
      const life = current[index] as Life;
      world.schedule(life.process, 0, () => life.call(planned));
    });

  const restore = standIn(random);
  const onRejection = (reason: unknown): void => judge.violate('no unhandled rejection', String(reason));
  process.on('unhandledRejection', onRejection);
  world.onNegativeTimer = (detail) => judge.violate('no timer of less than nothing', detail);
  try {
    for (let index = 0; index < plan.processes; index++) start(index);
    for (const planned of plan.calls) callAfter(planned.at, planned.process, planned);
    for (const fault of plan.faults) {
      world.schedule(undefined, fault.at, () => {
        say(`*** ${JSON.stringify({ ...fault, at: undefined })}`);
        if (!isQueued(fault)) count(fault.kind);
        strike(
          fault,
          around,
          (index) => current[index] as Life,
          start,
          (password) => {
            around.vault = password;
          },
        );
      });
    }
    const settled = (): void => checks.afterStep();
    await world.runUntil(startedAt + plan.troubleMs + settleMs, settled);

    say('--- faults are over');
    network.troubles.length = 0;
    for (const life of current) life.freezeWithLock = undefined;
    store.loseAnswers = store.failWrites = store.forgetWrites = 0;
    const quietAt = world.now;
    for (const minute of quietCalls) {
      for (let index = 0; index < plan.processes; index++) callAfter(minute * minuteMs, index);
    }
    await world.runUntil(quietAt + recoveryMs, settled);
    checks.afterRecovery(current);

    for (const life of current) {
      life.stopWork();
      life.end('dispose');
    }
    await world.runUntil(world.now + disposeMs, settled);
    for (const { process: left } of judge.lives.values()) {
      if (left.isAlive && left.timers > 0)
        judge.violate('no timer is left after dispose', `${left.name}: ${left.timers}`);
    }
  } finally {
    for (const life of judge.lives.values()) life.stopWork();
    process.off('unhandledRejection', onRejection);
    restore();
  }
  return { steps: world.steps, exchanges, faults, violations: judge.violations };
}

/** Whether a fault waits for the next exchange or write. */
function isQueued({ kind }: Fault): boolean {
  return [...exchangeFaults, 'lose_write_answer', 'fail_write', 'forget_write'].includes(kind);
}

const exchangeFaults = [
  'refuse_connection',
  'drop_before',
  'drop_and_freeze',
  'drop_after',
  'stall',
  'limit',
  'break',
  'sign_out_midway',
];
