import { startEngine } from '../engine-server.ts';
import { Fleet, pause } from '../fleet.ts';

/** What all workers together send under `perIssuer`. */
export interface Rate {
  /** While all accounts log in at once. */
  readonly mostInASecond: number;
  readonly perSecond: number;
  /** Accounts that had no living token at times, where half of the rate would do for all renewals. */
  readonly lapsed: number;
  /** While the server is away. */
  readonly mostInASecondAway: number;
}

const awayMs = 20_000;
/** After the server has gone calls that were under way end, and workers learn of it. */
const learntMs = 15_000;

/** All accounts are due at once at first, and then half as often as the rate allows. */
export async function measureRate(workers: number, perIssuer: number): Promise<Rate> {
  await using engine = await startEngine('bullmq');
  const lifeMs = 60_000;
  // A renewal comes after four fifths of a life.
  const accounts = (perIssuer / 2) * 0.8 * (lifeMs / 1_000);
  await using fleet = new Fleet({ workers, accounts, lifeMs, perIssuer, sweepSpreadMs: 0 }, engine);
  const began = Date.now();
  await fleet.start();
  await fleet.enrolled();
  const loginsMs = Date.now() - began;
  const { ledger: logins } = await fleet.report();
  await fleet.begin();
  await pause(2 * lifeMs);
  const { ledger } = await fleet.report();
  await fleet.server.ask({ do: 'goAway' });
  await pause(learntMs);
  const from = Math.ceil(Date.now() / 1_000);
  await pause(awayMs);
  const { fleet: away } = await fleet.report();
  const sent = Object.entries(away.sentBySecond).filter(([second]) => Number(second) >= from);
  return {
    mostInASecond: Math.max(logins.mostInASecond, ledger.mostInASecond),
    perSecond: (accounts / loginsMs) * 1_000,
    lapsed: Object.values(ledger.withoutMs).filter((ms) => ms > 0).length,
    mostInASecondAway: Math.max(0, ...sent.map(([, count]) => count)),
  };
}
