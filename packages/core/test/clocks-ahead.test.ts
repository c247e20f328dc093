import { describe, expect, test } from 'vitest';
import { AuthError } from '../src/index.js';
import { hour, minute } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { loginScene } from './support/login-scene.js';

const aheads = [
  ['hours', 3 * hour],
  ['sixty days', 60 * 24 * hour],
  ['years', 3 * 365 * 24 * hour],
] as const;

/** What a machine did while its clock was ahead; then its clock is put right. */
async function whileAhead(
  scene: ReturnType<typeof loginScene>,
  aheadMs: number,
  work: () => Promise<unknown>,
): Promise<void> {
  scene.clock.jump(aheadMs);
  await work();
  scene.clock.jump(-aheadMs);
}

describe.each(aheads)('a machine whose clock is %s ahead', (_, aheadMs) => {
  test('logs in twenty times: others are not held up', { tags: ['fault-109'] }, async () => {
    const scene = loginScene();
    scene.server.issuesRefreshTokens = false;
    await whileAhead(scene, aheadMs, async () => {
      for (let login = 0; login < 20; login++) await scene.open().signIn();
      expect(await errorCodeOf(scene.open().signIn())).toBe('rate_limited');
    });
    // Half the allowance is left to others, and they are still held to it.
    let logins = 0;
    while ((await errorCodeOf(scene.open().signIn())) === 'resolved') logins++;
    expect(logins).toBe(10);
    await scene.clock.advance(hour + minute);
    await scene.open().signIn();
  });

  test('is asked to wait: others are not held up', { tags: ['fault-109'] }, async () => {
    const scene = loginScene();
    await whileAhead(scene, aheadMs, async () => {
      scene.server.next('login', () => {
        throw new AuthError('rate_limited', { provider: 'fake', delivery: 'answered', retryAfterMs: 60_000 });
      });
      expect(await errorCodeOf(scene.open().getTokens())).toBe('rate_limited');
    });
    expect(await scene.open().getAccessToken()).toBe('access-1');
  });

  test('is asked to wait: others are not held up, also where their first read needs no exchange', {
    tags: ['fault-109'],
  }, async () => {
    const scene = loginScene();
    const session = scene.open();
    await session.getTokens();
    await whileAhead(scene, aheadMs, async () => {
      scene.server.next('login', () => {
        throw new AuthError('rate_limited', { provider: 'fake', delivery: 'answered', retryAfterMs: 60_000 });
      });
      expect(await errorCodeOf(session.signIn())).toBe('rate_limited');
    });
    const later = scene.open();
    expect(await later.getAccessToken()).toBe('access-1');
    expect(await later.getAccessToken({ rejected: 'access-1' })).toBe('access-2');
  });

  test('signs out: a program that starts later logs in', { tags: ['fault-109'] }, async () => {
    const scene = loginScene();
    const session = scene.open();
    await session.getTokens();
    await whileAhead(scene, aheadMs, () => session.signOut());
    expect(await errorCodeOf(session.getTokens())).toBe('signed_out');
    expect(await scene.open().getAccessToken()).toBe('access-2');
  });

  test('has its password refused: blockedAt is not in the future', { tags: ['fault-109'] }, async () => {
    const scene = loginScene();
    await whileAhead(scene, aheadMs, () => errorCodeOf(scene.open('wrong').getTokens()));
    const { state, blockedAt } = await scene.open('wrong').status();
    expect(state).toBe('login_blocked');
    expect(blockedAt).toBe(scene.clock.now());
  });
});

test('a clock that is a little ahead changes nothing', { tags: ['fault-109'] }, async () => {
  const scene = loginScene();
  await whileAhead(scene, 4 * minute, async () => {
    for (let login = 0; login < 20; login++) await scene.open().signIn();
  });
  expect(await errorCodeOf(scene.open().signIn())).toBe('rate_limited');
});

test('the status tells the pause that a running process observes', { tags: ['fault-109'] }, async () => {
  const scene = loginScene();
  const session = scene.open();
  await session.getTokens();
  await whileAhead(scene, 365 * 24 * hour, async () => {
    scene.server.next('login', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 600_000 });
    });
    expect(await errorCodeOf(scene.open().signIn())).toBe('rate_limited');
  });
  const error = await session.getTokens({ forceRefresh: true }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'rate_limited' });
  expect(await session.status()).toMatchObject({ retryAt: (error as AuthError).retryAt });
});

test('the status tells no pause from a clock that is far ahead', { tags: ['fault-109'] }, async () => {
  const scene = loginScene();
  await whileAhead(scene, 365 * 24 * hour, async () => {
    scene.server.next('login', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 600_000 });
    });
    expect(await errorCodeOf(scene.open().getTokens())).toBe('rate_limited');
  });
  expect(await scene.open().status()).not.toHaveProperty('retryAt');
  expect(await scene.open().getAccessToken()).toBe('access-1');
});

test('a running process observes a pause dated far ahead for fifteen minutes', {
  tags: ['fault-109'],
}, async () => {
  const scene = loginScene();
  const session = scene.open();
  await session.getTokens();
  await scene.clock.advance(2 * hour);
  await whileAhead(scene, 60 * 24 * hour, async () => {
    scene.server.next('refresh', () => {
      throw new AuthError('rate_limited', { provider: 'fake', delivery: 'answered', retryAfterMs: 60_000 });
    });
    await errorCodeOf(scene.open().getTokens());
  });
  expect(await errorCodeOf(session.getTokens())).toBe('rate_limited');
  await scene.clock.advance(15 * minute);
  expect(await session.getAccessToken()).toBe('access-2');
});
