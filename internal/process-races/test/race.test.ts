import { redisServer } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { race, temporaryPlace } from '../src/index.ts';

const kinds = redisServer().path === undefined ? (['file'] as const) : (['file', 'redis'] as const);

describe.each(kinds)(
  'eight processes meet an expired token: one exchange each time, on the %s store',
  (kind) => {
    const expectOneExchangeEach = async (rounds: number): Promise<void> => {
      await using temporary = await temporaryPlace(kind);
      const { durationsMs, ...counts } = await race(temporary.place, { processes: 8, rounds });
      expect(counts).toEqual({ rounds, exchanges: rounds, logins: 0, failures: 0, lost: 0 });
      expect(durationsMs).toHaveLength(rounds);
    };

    test('ten times', { tags: ['fault-2'] }, () => expectOneExchangeEach(10));

    test('fifty times', { tags: ['long'], timeout: 120_000 }, () => expectOneExchangeEach(50));
  },
);
