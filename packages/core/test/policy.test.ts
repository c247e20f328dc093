import { describe, expect, test } from 'vitest';
import { createAuthSession, defaultRefreshPolicy, type TokenSet } from '../src/index.js';
import { tokenSetFrom } from '../src/tokens.js';
import { hour } from './support/durations.js';
import { Scene } from './support/scene.js';

describe('defaultRefreshPolicy', () => {
  const set = (lifetimeMs?: number): TokenSet =>
    tokenSetFrom({ accessToken: 'a', expiresInMs: lifetimeMs }, 1_000);

  test('a refresh is advised after 75 to 85 % of the life, and mandatory 30 s before its end', () => {
    expect(defaultRefreshPolicy(set(hour), () => 0)).toEqual({
      advisoryAt: 1_000 + 0.75 * hour,
      mandatoryAt: 1_000 + hour - 30_000,
    });
    expect(defaultRefreshPolicy(set(hour), () => 1)).toMatchObject({ advisoryAt: 1_000 + 0.85 * hour });
  });

  test('the margin before the end shrinks with a short life', { tags: ['fault-35'] }, () => {
    const { advisoryAt, mandatoryAt } = defaultRefreshPolicy(set(1_000), () => 1);
    expect([advisoryAt, mandatoryAt]).toEqual([1_850, 1_900]);
  });

  test('a set of unknown lifetime is never due', () => {
    const never = Number.POSITIVE_INFINITY;
    expect(defaultRefreshPolicy(set(), () => 0)).toEqual({ advisoryAt: never, mandatoryAt: never });
  });
});

test('every process computes the same instants for a set, and other instants for another', async () => {
  const advisoryOf = async (tokens: TokenSet): Promise<number> => {
    let drawn = Number.NaN;
    const scene = new Scene();
    const store = scene.memory();
    const session = createAuthSession(scene.server.provider(), {
      clock: scene.clock,
      scheduler: null,
      store,
      refreshPolicy: (set, random) => {
        drawn = random();
        return defaultRefreshPolicy(set, () => 0);
      },
    });
    const guard = { failures: 0, loginsAt: [] };
    await store.compareAndSet(keyOf(scene), undefined, {
      id: 'record',
      value: JSON.stringify({ v: 1, tokens, guard }),
    });
    await session.getTokens();
    return drawn;
  };
  const draws = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const tokens = { ...tokenSetFrom({ accessToken: 'a' }, Date.now()), id: `set-${index}` };
      const [first, second] = await Promise.all([advisoryOf(tokens), advisoryOf(tokens)]);
      expect(first).toBe(second);
      return first;
    }),
  );
  expect(draws.every((draw) => draw >= 0 && draw < 1)).toBe(true);
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  expect(mean).toBeGreaterThan(0.4);
  expect(mean).toBeLessThan(0.6);
  expect(new Set(draws.map((draw) => Math.floor(draw * 10))).size).toBe(10);
});

function keyOf({ server }: Scene): string {
  const { name, issuer, account } = server.provider();
  return JSON.stringify([name, issuer, account]);
}

describe('a policy of the user’s own', () => {
  test('no policy keeps a token in use beyond its end', async () => {
    const scene = new Scene();
    const session = scene.open({
      refreshPolicy: () => ({ advisoryAt: Number.NaN, mandatoryAt: Number.POSITIVE_INFINITY }),
    });
    await session.getTokens();
    await scene.clock.advance(hour - 1);
    expect(await session.getAccessToken()).toBe('access-1');
    await scene.clock.advance(1);
    expect(await session.getAccessToken()).toBe('access-2');
  });
});
