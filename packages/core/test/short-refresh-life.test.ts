import { describe, expect, test } from 'vitest';
import { hour, minute } from './support/durations.js';
import { openSession } from './support/open-session.js';
import { noTimers } from './support/scene.js';

describe('a refresh token that ends before its access token', () => {
  const life = { lifetimeMs: hour, refreshLifetimeMs: 10 * minute };

  test('is not sent when it is over, where a password is at hand', { tags: ['fault-117'] }, async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers }, (started) =>
      Object.assign(started, life),
    );
    for (let cycle = 0; cycle < 5; cycle++) {
      await session.getTokens();
      await clock.advance(hour);
    }
    expect(server.refreshes).toBe(0);
    expect(server.logins).toBe(5);
  });

  test('is used while it lives, where no password is at hand', { tags: ['fault-117'] }, async () => {
    const { session, server, clock } = openSession(
      { provider: { password: null }, keepAlive: true },
      (started) => Object.assign(started, life),
    );
    await session.signIn({ password: 'correct horse' });
    await clock.advance(4 * hour);
    expect(server.ledger.every(({ outcome }) => outcome === 'issued')).toBe(true);
    // One refresh after 75 to 85 % of ten minutes each.
    expect(server.refreshes).toBeGreaterThanOrEqual(28);
    expect(server.refreshes).toBeLessThanOrEqual(32);
    expect(server.logins).toBe(1);
  });

  test('is a hint no more where the access token’s life is unknown', { tags: ['fault-117'] }, async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers }, (started) =>
      Object.assign(started, { lifetimeMs: undefined, refreshLifetimeMs: 10 * minute }),
    );
    await session.getTokens();
    await clock.advance(hour);
    await session.getTokens({ forceRefresh: true });
    expect(server.refreshes).toBe(1);
  });
});
