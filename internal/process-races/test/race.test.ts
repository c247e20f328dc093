import { redisServer } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { race, temporaryPlace } from '../src/index.ts';
import { stores } from './support/stores.ts';

const oneExchangeEach = (rounds: number) => ({ exchanges: rounds, logins: 0, failures: 0, lost: 0 });

describe.each(stores)(
  'eight processes meet an expired token: one exchange each time, on the %s store',
  (kind) => {
    const expectOneExchangeEach = async (rounds: number): Promise<void> => {
      await using temporary = await temporaryPlace(kind);
      const { durationsMs, ...counts } = await race(temporary, { processes: 8, rounds });
      expect(counts).toEqual({ rounds, ...oneExchangeEach(rounds), failOver: undefined });
      expect(durationsMs).toHaveLength(rounds);
    };

    test('three times', { tags: ['fault-2'] }, () => expectOneExchangeEach(3));

    test('thirty times', { tags: ['long'], timeout: 120_000 }, () => expectOneExchangeEach(30));
  },
);

describe.runIf(redisServer().path)(
  'on several servers of Redis',
  { tags: ['long'], timeout: 120_000 },
  () => {
    test('a cluster of three nodes: one exchange each time', async () => {
      await using temporary = await temporaryPlace('redis-cluster');
      const counts = await race(temporary, { processes: 8, rounds: 20 });
      expect(counts).toMatchObject({ rounds: 20, ...oneExchangeEach(20) });
    });

    test('a fail-over in the middle of a round costs at most a login, and loses nothing', async () => {
      await using temporary = await temporaryPlace('redis-sentinel');
      const { failOver, ...counts } = await race(temporary, { processes: 8, rounds: 7 });
      expect(counts).toMatchObject({ rounds: 6, ...oneExchangeEach(6) });
      expect(failOver).toMatchObject({ failures: 0, lost: 0 });
      expect(failOver?.logins).toBeLessThanOrEqual(1);
    });
  },
);
