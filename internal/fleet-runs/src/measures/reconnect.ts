import { startEngine } from '../engine-server.ts';
import { Fleet, pause } from '../fleet.ts';

/** What became of programs whose Redis was killed and came back with its data. */
export interface Reconnect {
  readonly sessions: number;
  /** From the moment that Redis takes connections again to the first second with as many renewals as the lives ask for. */
  readonly asDueMs: number;
  /** The longest time without a renewal in the half minute after that moment. */
  readonly withoutRenewalMs: number;
  readonly logins: number;
}

/** Redis is away for so long. */
const awayMs = 2_000;
const watchedMs = 30_000;
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
  // A renewal comes after four fifths of a life.
  const perMs = accounts / (0.8 * lifeMs);
  await engine.kill();
  await pause(awayMs);
  const standing = await rotationsOf(fleet);
  await engine.restart();
  const backAt = performance.now();
  let [withoutRenewalMs, asDueMs] = [0, Number.NaN];
  let last = { rotations: standing, at: backAt };
  let second = last;
  while (second.at - backAt < (Number.isNaN(asDueMs) ? giveUpMs : watchedMs)) {
    await pause(20);
    const now = { rotations: await rotationsOf(fleet), at: performance.now() };
    if (now.at - backAt < watchedMs) withoutRenewalMs = Math.max(withoutRenewalMs, now.at - last.at);
    if (now.rotations > last.rotations) last = now;
    if (now.at - second.at < 1_000) continue;
    const isAsDue = now.rotations - second.rotations >= perMs * (now.at - second.at);
    if (isAsDue && Number.isNaN(asDueMs)) asDueMs = now.at - backAt;
    second = now;
  }
  const { ledger } = await fleet.report();
  return { sessions: programs * accounts, asDueMs, withoutRenewalMs, logins: ledger.logins };
}

async function rotationsOf(fleet: Fleet): Promise<number> {
  return (await fleet.count()).rotations;
}

/** Waits until the server has taken so many refresh tokens. */
async function passed(fleet: Fleet, rotations: number): Promise<void> {
  const since = performance.now();
  while ((await rotationsOf(fleet)) < rotations) {
    if (performance.now() - since > giveUpMs + 240_000) throw new Error('nothing is renewed');
    await pause(20);
  }
}
