import { redisServer } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { Fleet, temporaryPlace } from '../src/index.ts';

const leaseMs = 1_000;
const kinds = redisServer().path === undefined ? (['file'] as const) : (['file', 'redis'] as const);

describe.each(kinds)(
  'a process is stopped beyond its lease, on the %s store',
  { tags: ['fault-12', 'fault-66'] },
  (kind) => {
    test('before it asks whether the lease is held: it sends nothing when it goes on', async () => {
      await using temporary = await temporaryPlace(kind, leaseMs);
      await using fleet = await Fleet.start(temporary.place);
      const [survivor, other] = await Promise.all([fleet.open(), fleet.open()]);
      await survivor.token();
      fleet.calls();
      fleet.expire();
      const sleeper = await fleet.open('before_held');
      sleeper.askToken();
      await sleeper.heard('waiting');
      sleeper.freeze();
      expect(await survivor.token()).not.toHaveProperty('error');
      expect(await other.token()).not.toHaveProperty('error');
      sleeper.thaw();
      sleeper.goOn();
      expect(await sleeper.heard('token')).not.toHaveProperty('error');
      expect(await sleeper.call()).toBe(200);
      expect(fleet.calls()).toEqual(['refresh issued']);
      expect(await fleet.keepsNewest()).toBe(true);
    }, 30_000);

    test.each(['after_commit', 'after_answer'] as const)(
      '%s: what it brings does not overwrite what the others have saved',
      async (point) => {
        await using temporary = await temporaryPlace(kind, leaseMs);
        await using fleet = await Fleet.start(temporary.place);
        const survivor = await fleet.open();
        await survivor.token();
        fleet.calls();
        fleet.expire();
        const sleeper = await fleet.open(point);
        sleeper.askToken();
        await sleeper.heard('waiting');
        sleeper.freeze();
        expect(await survivor.token()).not.toHaveProperty('error');
        expect(await fleet.keepsNewest()).toBe(true);
        sleeper.thaw();
        sleeper.goOn();
        expect(await sleeper.heard('token')).not.toHaveProperty('error');
        // The server took the survivor's for a thief's, and the login that followed is everybody's.
        expect(fleet.calls()).toEqual(['refresh issued', 'refresh reused', 'login issued']);
        expect(await fleet.keepsNewest()).toBe(true);
        expect([await sleeper.call(), await survivor.call()]).toEqual([200, 200]);
      },
      30_000,
    );

    test('after it: the survivors need no more than two token calls, and one login recovers all', async () => {
      await using temporary = await temporaryPlace(kind, leaseMs);
      await using fleet = await Fleet.start(temporary.place);
      const survivors = await Promise.all([fleet.open(), fleet.open(), fleet.open()]);
      await survivors[0]?.token();
      fleet.calls();
      fleet.expire();
      const sleeper = await fleet.open('before_request');
      sleeper.askToken();
      await sleeper.heard('waiting');
      sleeper.freeze();
      for (const survivor of survivors) expect(await survivor.token()).not.toHaveProperty('error');
      expect(fleet.calls()).toEqual(['refresh issued']);

      // It presents a token that is spent by now, and the server ends everybody's session.
      sleeper.thaw();
      sleeper.goOn();
      expect(await sleeper.heard('token')).not.toHaveProperty('error');
      expect(await Promise.all([sleeper, ...survivors].map((worker) => worker.call()))).toEqual([
        200, 200, 200, 200,
      ]);
      const calls = fleet.calls();
      expect(calls.filter((call) => call === 'login issued')).toHaveLength(1);
      expect(calls[0]).toBe('refresh reused');
      expect(calls.length).toBeLessThanOrEqual(3);
      expect(await fleet.keepsNewest()).toBe(true);
    }, 30_000);
  },
);
