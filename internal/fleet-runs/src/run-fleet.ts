import { leaseMs } from './accounts.ts';
import { type EngineServer, startEngine } from './engine-server.ts';
import { Fleet, type FleetPlan, type FleetResult, latencyMs, pause } from './fleet.ts';
import type { EnginePlace } from './messages.ts';

/** What befalls a fleet. */
export const troubles = [
  'none',
  'killed workers',
  'server away',
  'engine restarted',
  'engine emptied',
] as const;
export type Trouble = (typeof troubles)[number];

/** How a fleet is run. */
export interface RunOptions extends FleetPlan {
  readonly engine: EnginePlace['kind'];
  readonly trouble: Trouble;
  readonly durationMs: number;
  /** What a machine that is busy with other work may add to a caller's wait, milliseconds. Default 0. */
  readonly busyMs?: number | undefined;
}

const killEveryMs = 3_000;
const awayMs = 20_000;
/** How long an empty engine is left to the programs that hold tokens. */
const emptyMs = 3_000;

/** Lets a fleet keep accounts, with half of them in use, while the trouble befalls it. */
export async function runFleet(options: RunOptions): Promise<FleetResult> {
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
  engine: EngineServer,
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

/** How long a caller may wait at most, milliseconds: for an exchange, or for the lease of a worker that died. */
export function longestWaitMs({ trouble, busyMs = 0 }: RunOptions): number {
  return (trouble === 'killed workers' ? leaseMs : 0) + 2 * latencyMs + busyMs;
}
