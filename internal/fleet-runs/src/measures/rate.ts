import { Fleet, pause, startEngine } from '../fleet.ts';

/** What all workers together send where there is more to renew than `perIssuer` lets them. */
export interface Rate {
  readonly mostInASecond: number;
  readonly perSecond: number;
  /** While the server is away. */
  readonly mostInASecondAway: number;
}

const measuredMs = 60_000;
const awayMs = 20_000;
/** After the server has gone calls that were under way end, and workers learn of it. */
const learntMs = 5_000;

/** Twice as many accounts are due as the rate allows. */
export async function measureRate(workers: number, perIssuer: number): Promise<Rate> {
  await using engine = await startEngine('bullmq');
  const lifeMs = 20_000;
  const accounts = (2 * perIssuer * lifeMs) / 1_000;
  const fleet = new Fleet(
    { engine: 'bullmq', trouble: 'none', workers, accounts, lifeMs, durationMs: measuredMs, perIssuer },
    engine,
  );
  await using _ = fleet;
  await fleet.start();
  await fleet.enrolled();
  await fleet.begin();
  await pause(measuredMs);
  const { ledger } = await fleet.report();
  await fleet.server.ask({ do: 'goAway' });
  await pause(learntMs);
  const from = Math.ceil(Date.now() / 1_000);
  await pause(awayMs);
  const { fleet: away } = await fleet.report();
  const sent = Object.entries(away.sentBySecond).filter(([second]) => Number(second) >= from);
  return {
    mostInASecond: ledger.mostInASecond,
    perSecond: ((ledger.rotations + ledger.logins) / measuredMs) * 1_000,
    mostInASecondAway: Math.max(0, ...sent.map(([, count]) => count)),
  };
}
