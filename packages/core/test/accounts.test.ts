import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { createAuthSession } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { Scene } from './support/scene.js';

describe('sessions of one store', () => {
  hashQuickly();

  test('sessions with the same key share a flight', async () => {
    const { session, server, clock, store } = openSession();
    const other = createAuthSession(server.provider(), { store, clock });
    const [left, right] = await Promise.all([session.getTokens(), other.getTokens()]);
    expect(left).toBe(right);
    expect(server.logins).toBe(1);
  });

  test('two accounts stay apart', async () => {
    const { session, server, clock, store } = openSession();
    const other = createAuthSession(server.provider({ account: 'bob' }), { store, clock });
    expect(await Promise.all([session.getAccessToken(), other.getAccessToken()])).toEqual([
      'access-1',
      'access-2',
    ]);
    await session.signOut();
    expect(await other.getAccessToken()).toBe('access-2');
  });

  test('a session with credentials logs in although the flight it joined had none', async () => {
    const scene = new Scene();
    const store = scene.memory();
    const without = scene.open({ store, provider: { password: null } });
    const having = scene.open({ store });
    const [left, right] = await Promise.allSettled([without.getAccessToken(), having.getAccessToken()]);
    expect(left).toMatchObject({ status: 'rejected', reason: { code: 'reauthentication_required' } });
    expect(right).toMatchObject({ value: 'access-1' });
  });

  test('a session is not refused because of another session’s wrong password', async () => {
    const scene = new Scene();
    const store = scene.memory();
    const wrong = scene.open({ store, provider: { password: 'wrong' } });
    const right = scene.open({ store });
    const [left, other] = await Promise.allSettled([wrong.getAccessToken(), right.getAccessToken()]);
    expect(left).toMatchObject({ reason: { code: 'invalid_credentials' } });
    expect(other).toMatchObject({ value: 'access-1' });
  });
});

describe('dispose', () => {
  test('a disposed session leaves no timer and no subscription, and its stored tokens stay', async () => {
    const backend = new FakeBackend();
    const { session, clock } = openSession({ store: backend.open({ subscribe: true }) });
    await session.getTokens();
    expect(clock.timers).toBe(1);
    expect(backend.listeners).toBe(1);
    session.dispose();
    session[Symbol.dispose]();
    expect(clock.timers).toBe(0);
    expect(backend.listeners).toBe(0);
    expect(backend.records.size).toBe(1);
    expect(session.peek()).toBeUndefined();
    for (const call of [
      session.getTokens(),
      session.getAccessToken(),
      session.signIn(),
      session.signOut(),
      session.status(),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'disposed' });
    }
    expect(() => session.subscribe(() => {})).toThrow('disposed');
  });

  test('the other sessions of the account go on working', async () => {
    const { session, server, clock, store } = openSession();
    const other = createAuthSession(server.provider(), { store, clock });
    await session.getTokens();
    session.dispose();
    expect(await other.getAccessToken()).toBe('access-1');
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
  });

  test('a session opened while a disposed session’s flight is under way joins that flight', async () => {
    const { session, server, clock, store } = openSession();
    const answer = server.holdNext('login');
    const first = session.getTokens();
    await settle();
    session.dispose();
    const second = createAuthSession(server.provider(), { store, clock }).getTokens();
    answer();
    expect(await second).toBe(await first);
    expect(server.logins).toBe(1);
  });
});
