import { describe, expect, test } from 'vitest';
import { type Point, ProcessGroup, temporaryPlace } from '../src/index.ts';
import { alsoLong, stores } from './support/stores.ts';

/** On Linux the file store notices a dead process at once, however long its lease; on a server the lease ends. */
const leaseMs = { file: 60_000, redis: 1_000, postgres: 1_000 };
const otherUser = 'other-user';

/** Where a process dies, and the calls that the server then sees from it and the next process. */
const deaths: readonly (readonly [Point, readonly string[]])[] = [
  ['before_request', ['refresh issued']],
  ['after_commit', ['refresh issued', 'refresh reused', 'login issued']],
  ['after_answer', ['refresh issued', 'refresh reused', 'login issued']],
  ['half_written', ['refresh issued', 'refresh reused', 'login issued']],
  ['before_link', ['refresh issued', 'refresh reused', 'login issued']],
  ['after_link', ['refresh issued']],
];

/** Where only a store that writes files can die. */
const inTheFileStore: readonly Point[] = ['half_written', 'before_link', 'after_link'];

async function survive(kind: keyof typeof leaseMs, point: Point): Promise<string[]> {
  await using temporary = await temporaryPlace(kind, leaseMs[kind]);
  await using group = await ProcessGroup.start(temporary.place);
  group.server.addAccount(otherUser, group.server.options.password);
  // Others have logged in before, so that the victim's first exchange is the refresh.
  expect([await group.callHere(), await group.callHere(otherUser)]).toEqual([200, 200]);
  group.calls();
  group.expire();

  const victim = await group.open(point);
  victim.askToken();
  expect(await victim.heard('waiting')).toEqual({ say: 'waiting', at: point });
  await victim.kill();

  const fresh = await group.open();
  expect(await fresh.token()).not.toHaveProperty('error');
  expect(await fresh.call()).toBe(200);
  expect(await group.keepsNewest()).toBe(true);
  const calls = group.calls();
  expect(await group.callHere()).toBe(200);
  expect(group.calls()).toEqual([]);

  expect(await group.callHere(otherUser)).toBe(200);
  expect(group.calls()).toEqual(['refresh issued']);
  return calls;
}

describe('a process is killed', {
  tags: ['fault-21', 'fault-22', 'fault-64'],
  concurrent: true,
  timeout: 30_000,
}, () => {
  test.each(deaths)('%s, on the file store', async (point, calls) => {
    expect(await survive('file', point)).toEqual(calls);
  });

  for (const kind of stores.filter((store) => store !== 'file'))
    for (const [point, calls] of deaths.filter(([at]) => !inTheFileStore.includes(at)))
      test(`${point}, on ${kind}`, { tags: alsoLong(kind) }, async () => {
        expect(await survive(kind, point)).toEqual(calls);
      });
});
