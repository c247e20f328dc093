import { describe, expect, test } from 'vitest';
import { hour, minute } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { noTimers, Scene } from './support/scene.js';

describe('a wall clock that is set', () => {
  test('a wall clock set ahead costs one refresh', async () => {
    const { session, server, clock } = openSession();
    await session.getTokens();
    clock.jump(10 * hour);
    for (let call = 0; call < 5; call++) await session.getTokens();
    expect(server.refreshes).toBe(1);
  });

  test('a wall clock set back does not lengthen a token’s life', async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(0.5 * hour);
    clock.jump(-2 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(0.45 * hour);
    await session.getTokens();
    await settle();
    expect(server.refreshes).toBe(1);
  });

  test('a wall clock set back after sleep does not lengthen a token’s life', async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    await session.getTokens();
    clock.jump(0.6 * hour);
    await session.getTokens();
    clock.jump(-0.5 * hour);
    await session.getTokens();
    await clock.advance(0.42 * hour);
    await session.getTokens();
    await settle();
    expect(server.refreshes).toBe(1);
  });

  test('a timer fires on time although the wall clock was set back', async () => {
    const { session, server, clock } = openSession();
    await session.getTokens();
    clock.jump(-5 * hour);
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
  });

  test('a session’s own store keeps its record whatever the wall clock says', async () => {
    const scene = new Scene();
    const session = scene.open({
      provider: { password: null },
      initialTokens: { accessToken: 'a', refreshToken: 'r', expiresInMs: minute, refreshExpiresInMs: hour },
    });
    scene.server.adopt('r');
    await session.getTokens();
    scene.clock.jump(48 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
  });
});

describe('when a token’s life begins', () => {
  test('life counts from when the request was sent', async () => {
    const { session, server, clock } = openSession();
    server.next('login', async (proceed) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, 9_000));
      return proceed();
    });
    const sentAt = clock.now();
    const waiting = session.getTokens();
    await clock.advance(9_000);
    const tokens = await waiting;
    expect(tokens.issuedAt).toBe(sentAt);
    expect(tokens.expiresAt).toBe(sentAt + hour);
  });

  test('a set stamped by a clock ahead of ours lives no longer than its lifetime from now', async () => {
    const backend = new FakeBackend();
    const ahead = openSession({ store: backend.open() });
    ahead.clock.jump(5 * hour);
    await ahead.session.getTokens();
    const here = openSession({ store: backend.open(), scheduler: null });
    expect(await here.session.getAccessToken()).toBe('access-1');
    await here.clock.advance(1.1 * hour);
    await here.until(here.session.getTokens());
    expect(here.server.ledger.length).toBeGreaterThan(0);
  });
});
