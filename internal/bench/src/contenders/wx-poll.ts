/** By hand: a lock file made with 'wx', the set and the lock tried every 10 ms, atomic rename. */
import { open, rm, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fresh, loginByHand, refreshByHand, run } from '../contender.ts';

/** A lock older than this was left by a process that died. */
const STALE_MS = 10_000;

await run({
  login: loginByHand,
  async getToken(place) {
    const lock = `${place.file}.lock`;
    for (;;) {
      // Whoever waits sees the new set as soon as it is in place, before the lock is free.
      const kept = fresh(place.file);
      if (kept !== undefined) return kept.accessToken;
      if (await take(lock)) break;
      await sleep(10);
    }
    try {
      return (fresh(place.file) ?? (await refreshByHand(place))).accessToken;
    } finally {
      await rm(lock, { force: true });
    }
  },
});

async function take(lock: string): Promise<boolean> {
  try {
    await (await open(lock, 'wx')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const age = await stat(lock).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > STALE_MS) await rm(lock, { force: true });
    return false;
  }
}
