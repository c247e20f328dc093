import { redisServer } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { race, temporaryPlace } from '../src/index.ts';

const kinds =
  redisServer().path === undefined ? (['file'] as const) : (['file', 'redis', 'redis-cluster'] as const);

const oneExchangeEach = (rounds: number) => ({ exchanges: rounds, logins: 0, failures: 0, lost: 0 });

describe.each(kinds)(
  'eight processes meet an expired token: one exchange each time, on the %s store',
  (kind) => {
    const expectOneExchangeEach = async (rounds: number): Promise<void> => {
      await using temporary = await temporaryPlace(kind);
      const { durationsMs, ...counts } = await race(temporary, { processes: 8, rounds });
      expect(counts).toEqual({ rounds, ...oneExchangeEach(rounds), failOver: undefined });
      expect(durationsMs).toHaveLength(rounds);
    };

    test('ten times', { tags: ['fault-2'] }, () => expectOneExchangeEach(10));

    test('fifty times', { tags: ['long'], timeout: 120_000 }, () => expectOneExchangeEach(50));
  },
);

test.runIf(redisServer().path)(
  'a fail-over to a replica in the middle of a round costs at most a login, and loses nothing',
  { tags: ['fault-16'], timeout: 60_000 },
  async () => {
    await using temporary = await temporaryPlace('redis-sentinel');
    const { failOver, ...counts } = await race(temporary, { processes: 8, rounds: 7 });
    expect(counts).toMatchObject({ rounds: 6, ...oneExchangeEach(6) });
    expect(failOver).toMatchObject({ failures: 0, lost: 0 });
    expect(failOver?.logins).toBeLessThanOrEqual(1);
  },
);
