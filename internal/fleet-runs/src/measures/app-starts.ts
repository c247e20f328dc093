import { startEngine } from '../engine-server.ts';
import { scriptsRunBy } from '../engine-usage.ts';
import { Fleet } from '../fleet.ts';

/** What it costs programs to have a token of each account. */
export interface AppStart {
  readonly tookMs: number;
  /** Sent to Redis, of all programs together. */
  readonly commandsPerAccount: number;
  readonly logins: number;
  /** Calls for a token that failed. */
  readonly failed: number;
}

/** Starts programs on one Redis: first where nobody has logged in, then where the store has every account's tokens. */
export async function measureAppStarts(
  programs: number,
  accounts: number,
  atOnce: number,
): Promise<{ readonly cold: AppStart; readonly stored: AppStart }> {
  await using engine = await startEngine('bullmq');
  if (engine.place.kind !== 'bullmq') throw new Error('this is measured on Redis');
  const { port } = engine.place;
  await using fleet = new Fleet({ workers: 0, accounts, lifeMs: 3_600_000, latencyMs: 0 }, engine);
  await fleet.startServer();
  const start = async (): Promise<AppStart> => {
    await fleet.begin();
    const openers = await fleet.startOpeners(programs);
    const [began, before] = [performance.now(), await scriptsRunBy(port)];
    await Promise.all(openers.map((opener) => opener.open(atOnce)));
    const [ended, after] = [performance.now(), await scriptsRunBy(port)];
    const { ledger, fleet: report } = await fleet.report();
    await fleet.endPrograms();
    const failed = Object.values(report.errors).reduce((sum, each) => sum + each, 0);
    return {
      tookMs: ended - began,
      commandsPerAccount: (after - before) / accounts,
      logins: ledger.logins,
      failed,
    };
  };
  return { cold: await start(), stored: await start() };
}
