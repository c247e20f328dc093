import { describe, expect, test } from 'vitest';
import { ProcessGroup, temporaryPlace } from '../src/index.ts';
import { alsoLong, stores } from './support/stores.ts';

const leaseMs = 1_000;

for (const kind of stores) {
  const tags = ['fault-12', 'fault-66', ...alsoLong(kind)];
  describe(`a process is stopped beyond its lease, on the ${kind} store`, {
    tags,
    concurrent: true,
    timeout: 30_000,
  }, () => {
    test('stopped before the check that the lease is held: it sends nothing when it goes on', async () => {
      await using temporary = await temporaryPlace(kind, leaseMs);
      await using group = await ProcessGroup.start(temporary.place);
      const [survivor, other] = await Promise.all([group.open(), group.open()]);
      await survivor.token();
      group.calls();
      group.expire();
      const sleeper = await group.open('before_held');
      sleeper.askToken();
      await sleeper.heard('waiting');
      sleeper.freeze();
      expect(await survivor.token()).not.toHaveProperty('error');
      expect(await other.token()).not.toHaveProperty('error');
      sleeper.thaw();
      sleeper.goOn();
      expect(await sleeper.heard('token')).not.toHaveProperty('error');
      expect(await sleeper.call()).toBe(200);
      expect(group.calls()).toEqual(['refresh issued']);
      expect(await group.keepsNewest()).toBe(true);
    });

    test.each(['after_commit', 'after_answer'] as const)(
      'stopped %s: its late set does not overwrite what the others have saved',
      async (point) => {
        await using temporary = await temporaryPlace(kind, leaseMs);
        await using group = await ProcessGroup.start(temporary.place);
        const survivor = await group.open();
        await survivor.token();
        group.calls();
        group.expire();
        const sleeper = await group.open(point);
        sleeper.askToken();
        await sleeper.heard('waiting');
        sleeper.freeze();
        expect(await survivor.token()).not.toHaveProperty('error');
        expect(await group.keepsNewest()).toBe(true);
        sleeper.thaw();
        sleeper.goOn();
        expect(await sleeper.heard('token')).not.toHaveProperty('error');
        // The server took the survivor's refresh for a thief's and ended the session: one login followed.
        expect(group.calls()).toEqual(['refresh issued', 'refresh reused', 'login issued']);
        expect(await group.keepsNewest()).toBe(true);
        expect([await sleeper.call(), await survivor.call()]).toEqual([200, 200]);
      },
    );

    test('stopped after the check: survivors need at most two token calls, and one login recovers everybody', async () => {
      await using temporary = await temporaryPlace(kind, leaseMs);
      await using group = await ProcessGroup.start(temporary.place);
      const survivors = await Promise.all([group.open(), group.open(), group.open()]);
      await survivors[0]?.token();
      group.calls();
      group.expire();
      const sleeper = await group.open('before_request');
      sleeper.askToken();
      await sleeper.heard('waiting');
      sleeper.freeze();
      for (const survivor of survivors) expect(await survivor.token()).not.toHaveProperty('error');
      expect(group.calls()).toEqual(['refresh issued']);

      // The thawed process presents a token that is spent by now, and the server ends everybody's session.
      sleeper.thaw();
      sleeper.goOn();
      expect(await sleeper.heard('token')).not.toHaveProperty('error');
      expect(await Promise.all([sleeper, ...survivors].map((worker) => worker.call()))).toEqual([
        200, 200, 200, 200,
      ]);
      const calls = group.calls();
      expect(calls.filter((call) => call === 'login issued')).toHaveLength(1);
      expect(calls[0]).toBe('refresh reused');
      expect(calls.length).toBeLessThanOrEqual(3);
      expect(await group.keepsNewest()).toBe(true);
    });
  });
}
