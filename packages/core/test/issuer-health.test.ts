import { expect, test } from 'vitest';
import { healthOf, noteSuccess, noteUnreachable, sentNow } from '../src/issuer-health.js';
import { second } from './support/durations.js';
import { ManualClock } from './support/manual-clock.js';

const issuer = 'https://auth.example.com';

test.each([
  ['before the last success says nothing of the server', 0],
  ['after it begins an outage, which the next success ends', 2 * second],
])('a failure of an exchange that was sent %s', async (_, laterMs) => {
  const clock = new ManualClock();
  const early = sentNow(clock, issuer);
  await clock.advance(second);
  noteSuccess(clock, issuer);
  const recoveredAt = clock.monotonic();
  await clock.advance(2 * second);
  noteUnreachable(clock, issuer, { ...early, at: early.at + laterMs });
  await clock.advance(second);
  noteSuccess(clock, issuer);
  expect(healthOf(clock, issuer)?.recoveredAt).toBe(laterMs === 0 ? recoveredAt : clock.monotonic());
});
