/** By hand: a file, proper-lockfile around the refresh, the file read again under the lock, atomic rename. */
import { lock } from 'proper-lockfile';
import { fresh, loginByHand, refreshByHand, run } from '../contender.ts';

await run({
  login: loginByHand,
  async getToken(place) {
    const kept = fresh(place.file);
    if (kept !== undefined) return kept.accessToken;
    const release = await lock(place.file, {
      realpath: false,
      retries: { retries: 1_000, factor: 1, minTimeout: 10, maxTimeout: 10 },
    });
    try {
      return (fresh(place.file) ?? (await refreshByHand(place))).accessToken;
    } finally {
      await release();
    }
  },
});
