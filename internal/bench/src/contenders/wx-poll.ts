/** By hand: a lock file made with 'wx', polling of the set and the lock every 10 ms, atomic rename. */
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
      // A waiter sees the new set as soon as it is written, before the lock is released.
      const kept = fresh(place.file);
      if (kept !== undefined) return kept.accessToken;
      if (await takeLock(lock)) break;
      await sleep(10);
    }
    try {
      return (fresh(place.file) ?? (await refreshByHand(place))).accessToken;
    } finally {
      await rm(lock, { force: true });
    }
  },
});

async function takeLock(lock: string): Promise<boolean> {
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
