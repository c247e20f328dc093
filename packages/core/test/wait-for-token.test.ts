import { describe, expect, test } from 'vitest';
import { createAuthSession, isAuthError } from '../src/index.js';
import { hour } from './support/durations.js';
import { neverSent } from './support/fake-server.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { twoProcesses } from './support/two-processes.js';

describe('callers at the same time', () => {
  test('callers that find the token expired share one exchange and one result', async () => {
    const { session, server, clock } = openSession();
    await session.getTokens();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    const sets = await Promise.all(Array.from({ length: 50 }, () => session.getTokens()));
    expect(new Set(sets).size).toBe(1);
    expect(server.ledger).toHaveLength(1);
  });

  test('all who wait for a failed exchange reject, and the next call tries again', async () => {
    const { session, server, clock } = openSession();
    server.next('login', () => {
      throw neverSent();
    });
    const waiters = Array.from({ length: 20 }, () => session.getTokens().catch((error: unknown) => error));
    for (const error of await Promise.all(waiters)) expect(isAuthError(error) && error.code).toBe('network');
    await clock.advance(1_000);
    expect(await session.getAccessToken()).toBe('access-1');
  });
});

describe('forceRefresh', () => {
  test('a fresh token is exchanged once for all who force it at the same time', async () => {
    const { session, server } = openSession();
    await session.getTokens();
    const forced = Array.from({ length: 5 }, () => session.getAccessToken({ forceRefresh: true }));
    expect(await Promise.all(forced)).toEqual(Array(5).fill('access-2'));
    expect(server.refreshes).toBe(1);
  });

  test('a new session exchanges the stored token', async () => {
    const first = openSession();
    const { store } = first;
    await first.session.getTokens();
    first.session.dispose();
    const second = createAuthSession(first.server.provider(), { store, clock: first.clock });
    expect(await second.getAccessToken({ forceRefresh: true })).toBe('access-2');
  });

  test('a flight that only looked into the store does not satisfy forceRefresh', async () => {
    const { first, second } = twoProcesses();
    await first.getTokens();
    const [plain, forced] = await Promise.all([
      second.getAccessToken(),
      second.getAccessToken({ forceRefresh: true }),
    ]);
    expect([plain, forced]).toEqual(['access-1', 'access-2']);
  });
});

describe('waiting', () => {
  test('a caller that aborts stops waiting, and the others get their token', async () => {
    const { session, server } = openSession();
    const answer = server.holdNext('login');
    const controller = new AbortController();
    const leaving = session.getTokens({ signal: controller.signal });
    const staying = session.getAccessToken();
    controller.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    answer();
    expect(await staying).toBe('access-1');
  });

  test('a signal that was aborted before the call sends nothing', async () => {
    const { session, server } = openSession();
    await expect(session.getTokens({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    expect(server.ledger).toEqual([]);
  });

  test('callMs limits a caller’s wait, and the exchange goes on', async () => {
    const { session, server, clock } = openSession({ timeouts: { callMs: 1_000 } });
    const answer = server.holdNext('login');
    const waiting = session.getTokens();
    const failed = expect(waiting).rejects.toMatchObject({ code: 'timeout', retryable: true });
    await clock.advance(1_000);
    await failed;
    answer();
    await settle();
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(1);
  });

  test('callers more than a second apart have deadlines of their own', async () => {
    const { session, server, clock } = openSession({ timeouts: { callMs: 2_000 } });
    server.next('login', () => new Promise(() => {}));
    const first = expect(session.getTokens()).rejects.toMatchObject({ code: 'timeout' });
    await clock.advance(1_500);
    const second = session.getTokens();
    let ended = false;
    second.catch(() => {
      ended = true;
    });
    await clock.advance(500);
    await first;
    expect(ended).toBe(false);
    await clock.advance(1_500);
    expect(ended).toBe(true);
  });
});
