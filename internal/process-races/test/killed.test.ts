import { redisServer } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { Fleet, type Point, type StorePlace, temporaryPlace } from '../src/index.ts';

/** A dead process on Linux is noticed at once, however long its lease; Redis waits for it. */
const leaseMs = { file: 60_000, redis: 1_000 };
const otherUser = 'other-user';

/** Where a process dies, and what the server may see of those that come after. */
const deaths: readonly (readonly [Point, readonly string[]])[] = [
  ['before_request', ['refresh issued']],
  ['after_commit', ['refresh issued', 'refresh reused', 'login issued']],
  ['after_answer', ['refresh issued', 'refresh reused', 'login issued']],
  ['half_written', ['refresh issued', 'refresh reused', 'login issued']],
  ['before_link', ['refresh issued', 'refresh reused', 'login issued']],
  ['after_link', ['refresh issued']],
];

async function survive(kind: StorePlace['kind'], point: Point): Promise<string[]> {
  await using temporary = await temporaryPlace(kind, leaseMs[kind]);
  await using fleet = await Fleet.start(temporary.place);
  fleet.server.addAccount(otherUser, fleet.server.options.password);
  const other = await fleet.open(undefined, otherUser);
  await other.token();
  // A process of its own has logged in before, so that the victim's first exchange is the refresh.
  const first = await fleet.open();
  await first.token();
  await first.kill();
  fleet.calls();
  fleet.expire();

  const victim = await fleet.open(point);
  victim.askToken();
  expect(await victim.heard('waiting')).toEqual({ say: 'waiting', at: point });
  await victim.kill();

  const fresh = await fleet.open();
  expect(await fresh.token()).not.toHaveProperty('error');
  expect(await fresh.call()).toBe(200);
  expect(await fleet.keepsNewest()).toBe(true);
  const calls = fleet.calls();
  const again = await fleet.open();
  expect(await again.token()).not.toHaveProperty('error');
  expect(fleet.calls()).toEqual([]);

  const another = await fleet.open(undefined, otherUser);
  expect(await another.token()).not.toHaveProperty('error');
  expect(fleet.calls()).toEqual(['refresh issued']);
  return calls;
}

describe('a process is killed', { tags: ['fault-21', 'fault-22', 'fault-64'] }, () => {
  test.each(deaths)(
    '%s, on the file store',
    async (point, calls) => {
      expect(await survive('file', point)).toEqual(calls);
    },
    30_000,
  );

  const onRedis = deaths.filter(([point]) => !['half_written', 'before_link', 'after_link'].includes(point));
  test.runIf(redisServer().path).each(onRedis)(
    '%s, on Redis',
    async (point, calls) => {
      expect(await survive('redis', point)).toEqual(calls);
    },
    30_000,
  );
});
