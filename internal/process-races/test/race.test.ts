import { redisServer } from '@internal/test-tools';
import { describe, expect, test } from 'vitest';
import { race, temporaryPlace } from '../src/index.ts';

const kinds = redisServer().path === undefined ? (['file'] as const) : (['file', 'redis'] as const);

describe.each(kinds)('on the %s store', (kind) => {
  test(
    'eight processes meet an expired token, fifty times: one exchange each time',
    { tags: ['fault-2'] },
    async () => {
      await using temporary = await temporaryPlace(kind);
      const { durationsMs, ...counts } = await race(temporary.place, { processes: 8, rounds: 50 });
      expect(counts).toEqual({ rounds: 50, exchanges: 50, logins: 0, failures: 0, lost: 0 });
      expect(durationsMs).toHaveLength(50);
    },
    120_000,
  );
});
