import { Fleet, pause, startEngine } from '../fleet.ts';

/** What became of programs whose Redis was killed and came back with its data. */
export interface Reconnect {
  readonly sessions: number;
  /** From the moment that Redis takes connections again to the first renewal, and to as many a second as before. */
  readonly firstRenewalMs: number;
  readonly asBeforeMs: number;
  readonly logins: number;
}

/** Redis is away for so long. */
const awayMs = 2_000;
/** The rate before is measured for so long. */
const rateMs = 5_000;
const giveUpMs = 180_000;

/** Lets programs with very many sessions lose their Redis while they renew. */
export async function measureReconnect(programs: number, accounts: number): Promise<Reconnect> {
  await using engine = await startEngine('bullmq');
  const lifeMs = 240_000;
  await using fleet = new Fleet({ workers: 0, accounts, lifeMs, latencyMs: 0 }, engine);
  await fleet.startServer();
  // One logs in, and the others find its tokens.
  for (const count of [1, programs - 1])
    await Promise.all((await fleet.startOpeners(count)).map((opener) => opener.open()));
  await fleet.begin();
  await passed(fleet, accounts / 40);
  const before = await rotationsOf(fleet);
  await pause(rateMs);
  const perMs = ((await rotationsOf(fleet)) - before) / rateMs;
  await engine.kill();
  await pause(awayMs);
  const standing = await rotationsOf(fleet);
  await engine.restart();
  const backAt = performance.now();
  const firstRenewalMs = await passed(fleet, standing + 1);
  let asBeforeMs = Number.NaN;
  while (Number.isNaN(asBeforeMs) && performance.now() - backAt < giveUpMs) {
    const [from, since] = [await rotationsOf(fleet), performance.now()];
    await pause(1_000);
    const rate = ((await rotationsOf(fleet)) - from) / (performance.now() - since);
    if (rate >= perMs) asBeforeMs = performance.now() - backAt;
  }
  const { ledger } = await fleet.report();
  return { sessions: programs * accounts, firstRenewalMs, asBeforeMs, logins: ledger.logins };
}

async function rotationsOf(fleet: Fleet): Promise<number> {
  return (await fleet.count()).rotations;
}

/** Waits until the server has taken so many refresh tokens. Resolves with how long that was, milliseconds. */
async function passed(fleet: Fleet, rotations: number): Promise<number> {
  const since = performance.now();
  while ((await rotationsOf(fleet)) < rotations) {
    if (performance.now() - since > giveUpMs + 240_000) throw new Error('nothing is renewed');
    await pause(20);
  }
  return performance.now() - since;
}
