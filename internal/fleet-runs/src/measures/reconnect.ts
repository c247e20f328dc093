import { Fleet, pause, startEngine } from '../fleet.ts';

/** What became of programs whose Redis was killed and came back with its data. */
export interface Reconnect {
  readonly sessions: number;
  /** The longest time without a renewal, from the moment that Redis takes connections again to as many as before. */
  readonly withoutRenewalMs: number;
  /** From that moment to as many renewals a second as before. */
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
  let [withoutRenewalMs, asBeforeMs] = [0, Number.NaN];
  let last = { rotations: standing, at: backAt };
  let second = last;
  while (Number.isNaN(asBeforeMs) && performance.now() - backAt < giveUpMs) {
    await pause(20);
    const now = { rotations: await rotationsOf(fleet), at: performance.now() };
    withoutRenewalMs = Math.max(withoutRenewalMs, now.at - last.at);
    if (now.rotations > last.rotations) last = now;
    if (now.at - second.at < 1_000) continue;
    const isAsBefore = now.rotations - second.rotations >= perMs * (now.at - second.at);
    if (isAsBefore) asBeforeMs = now.at - backAt;
    second = now;
  }
  const { ledger } = await fleet.report();
  return { sessions: programs * accounts, withoutRenewalMs, asBeforeMs, logins: ledger.logins };
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
