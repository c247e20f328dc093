import { describe, expect, test, vi } from 'vitest';
import { createAuthSession, isAuthError } from '../src/index.js';
import { FakeServer, lostAnswer, neverSent, token } from './support/fake-server.js';
import { FakeBackend } from './support/fake-store.js';
import { settle } from './support/manual-clock.js';
import { noTimers, Scene } from './support/setup.js';

const minute = 60_000;
const hour = 60 * minute;

describe('getting a token', () => {
  test('the first call logs in, the next ones use what it brought', async () => {
    const { server, ...scene } = setUp();
    expect(await scene.session.getAccessToken()).toBe('access-1');
    expect(await scene.session.getAccessToken()).toBe('access-1');
    expect(token(await scene.session.getTokens())).toBe('access-1');
    expect(server.ledger).toHaveLength(1);
  });

  test('a fresh token is the same promise, set after set', async () => {
    const { session } = setUp();
    await session.getTokens();
    expect(session.getTokens()).toBe(session.getTokens());
    await session.getAccessToken();
    expect(session.getAccessToken()).toBe(session.getAccessToken());
  });

  test('a fresh token touches neither store nor server', async () => {
    const backend = new FakeBackend();
    const { session } = setUp({ store: backend.open({ lock: true }) });
    await session.getTokens();
    backend.calls = [];
    for (let call = 0; call < 100; call++) await session.getTokens();
    expect(backend.calls).toEqual([]);
  });

  test('callers of a stampede share one exchange and one result', async () => {
    const { session, server, clock } = setUp();
    await session.getTokens();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    const sets = await Promise.all(Array.from({ length: 50 }, () => session.getTokens()));
    expect(new Set(sets).size).toBe(1);
    expect(server.ledger).toHaveLength(1);
  });

  test('between advisory and mandatory the valid token is served and refreshed behind it', async () => {
    const { session, server, clock } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(0.85 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    await settle();
    expect(server.refreshes).toBe(1);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('a background refresh that fails is an event and no failed call', async () => {
    const { session, server, clock, types } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(0.85 * hour);
    server.next('refresh', () => {
      throw neverSent();
    });
    expect(await session.getAccessToken()).toBe('access-1');
    await settle();
    expect(types()).toContain('background_failed');
    expect(await session.getAccessToken()).toBe('access-1');
  });

  test('a timer refreshes a set in use before it expires, and one that nobody used not', async () => {
    const { session, server, clock } = setUp();
    await session.getTokens();
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
    await clock.advance(10 * hour);
    expect(server.refreshes).toBe(1);
  });

  test('keepAlive refreshes without anybody asking', async () => {
    const { session, server, clock } = setUp({ keepAlive: true });
    await session.getTokens();
    await clock.advance(4 * hour);
    expect(server.refreshes).toBe(5);
  });

  test('a timer never logs in', async () => {
    const { session, server, clock, types } = setUp();
    await session.getTokens();
    server.revokeAll();
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
    expect(server.logins).toBe(1);
    expect(types()).toContain('background_failed');
    expect(await session.getAccessToken()).toBe('access-1');
    await settle();
    expect(await session.getAccessToken()).toBe('access-2');
    expect(server.refreshes).toBe(1);
    expect(server.logins).toBe(2);
  });

  test('a caller that joins a timer’s flight gets the login it needs', async () => {
    const { session, server, clock } = setUp();
    await session.getTokens();
    server.revokeAll();
    let joined: Promise<string> | undefined;
    server.next('refresh', (proceed) => {
      joined = session.getAccessToken({ forceRefresh: true });
      return proceed();
    });
    await clock.advance(0.9 * hour);
    expect(await joined).toBe('access-2');
    expect(server.logins).toBe(2);
  });

  test('without a scheduler and waitUntil the caller waits for the refresh, and gets the valid token if it fails', async () => {
    const { session, server, clock } = setUp({ scheduler: null });
    await session.getTokens();
    await clock.advance(0.85 * hour);
    server.next('refresh', () => {
      throw neverSent();
    });
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(2_000);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(clock.timers).toBe(0);
  });

  test('waitUntil gets every flight, and none of them rejects', async () => {
    const works: Promise<unknown>[] = [];
    const { session, server, clock } = setUp({ scheduler: null, waitUntil: (work) => works.push(work) });
    await session.getTokens();
    await clock.advance(0.85 * hour);
    server.next('refresh', () => {
      throw neverSent();
    });
    expect(await session.getAccessToken()).toBe('access-1');
    expect(works).toHaveLength(2);
    await expect(Promise.all(works)).resolves.toBeDefined();
  });

  test('forceRefresh exchanges although the token is fresh, once for all that ask at once', async () => {
    const { session, server } = setUp();
    await session.getTokens();
    const forced = Array.from({ length: 5 }, () => session.getAccessToken({ forceRefresh: true }));
    expect(await Promise.all(forced)).toEqual(Array(5).fill('access-2'));
    expect(server.refreshes).toBe(1);
  });

  test('forceRefresh on a new session does not take the stored set for another', async () => {
    const first = setUp();
    const { store } = first;
    await first.session.getTokens();
    first.session.dispose();
    const second = createAuthSession(first.server.provider(), { store, clock: first.clock });
    expect(await second.getAccessToken({ forceRefresh: true })).toBe('access-2');
  });

  test('a set of unknown lifetime is never refreshed by the clock', async () => {
    const { session, server, clock } = setUp({}, (fake) => {
      fake.lifetimeMs = undefined;
    });
    await session.getTokens();
    await clock.advance(1_000 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.ledger).toHaveLength(1);
  });

  test('initial tokens are used where the store holds nothing, and saved', async () => {
    const { session, server, clock, store } = setUp({
      initialTokens: { accessToken: 'given', expiresInMs: hour },
    });
    expect(await session.getAccessToken()).toBe('given');
    session.dispose();
    const next = setUp({ store, clock, initialTokens: { accessToken: 'other' } });
    expect(await next.session.getAccessToken()).toBe('given');
    expect(server.ledger).toHaveLength(0);
  });

  test('without credentials and tokens there is nothing to be done', async () => {
    const { session } = setUp({ provider: { password: null } });
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'reauthentication_required',
      retryable: false,
    });
  });

  test('without credentials a token that cannot be refreshed is good to its end', async () => {
    const { session, clock } = setUp({
      provider: { password: null },
      initialTokens: { accessToken: 'given', expiresInMs: hour },
    });
    expect(await session.getAccessToken()).toBe('given');
    await clock.advance(0.9 * hour);
    expect(await session.getAccessToken()).toBe('given');
    await clock.advance(0.2 * hour);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'reauthentication_required' });
  });
});

describe('waiting', () => {
  test('a caller that aborts leaves alone', async () => {
    const { session, server } = setUp();
    const gate = Promise.withResolvers<void>();
    server.next('login', async (proceed) => {
      await gate.promise;
      return proceed();
    });
    const controller = new AbortController();
    const leaving = session.getTokens({ signal: controller.signal });
    const staying = session.getAccessToken();
    controller.abort(new Error('gone'));
    await expect(leaving).rejects.toThrow('gone');
    gate.resolve();
    expect(await staying).toBe('access-1');
  });

  test('a signal that has aborted before the call sends nothing', async () => {
    const { session, server } = setUp();
    await expect(session.getTokens({ signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    expect(server.ledger).toEqual([]);
  });

  test('callMs bounds a caller’s wait, and the work goes on', async () => {
    const { session, server, clock } = setUp({ timeouts: { callMs: 1_000 } });
    const gate = Promise.withResolvers<void>();
    server.next('login', async (proceed) => {
      await gate.promise;
      return proceed();
    });
    const waiting = session.getTokens();
    const failed = expect(waiting).rejects.toMatchObject({ code: 'timeout', retryable: true });
    await clock.advance(1_000);
    await failed;
    gate.resolve();
    await settle();
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.logins).toBe(1);
  });

  test('callers more than a second apart have deadlines of their own', async () => {
    const { session, server, clock } = setUp({ timeouts: { callMs: 2_000 } });
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

  test('every waiter of a failed exchange rejects, and the next call tries again', async () => {
    const { session, server, clock } = setUp();
    server.next('login', () => {
      throw neverSent();
    });
    const waiters = Array.from({ length: 20 }, () => session.getTokens().catch((error: unknown) => error));
    for (const error of await Promise.all(waiters)) expect(isAuthError(error) && error.code).toBe('network');
    await clock.advance(1_000);
    expect(await session.getAccessToken()).toBe('access-1');
  });
});

describe('the token refused by the API', () => {
  const unauthorized = { status: 401, headers: new Headers() };

  test('a refused token is exchanged once for all that were refused with it', async () => {
    const { session, server } = setUp();
    const sent = await session.getTokens();
    const next = await Promise.all(
      Array.from({ length: 100 }, () => session.tokenRejected(sent, unauthorized)),
    );
    expect(new Set(next.map(token))).toEqual(new Set(['access-2']));
    expect(server.refreshes).toBe(1);
  });

  test('a late refusal of an old token is answered with the current one', async () => {
    const { session, server } = setUp();
    const sent = await session.getTokens();
    await session.tokenRejected(sent, unauthorized);
    expect(token(await session.tokenRejected(sent, unauthorized))).toBe('access-2');
    expect(await session.getAccessToken({ rejected: sent.accessToken })).toBe('access-2');
    expect(server.refreshes).toBe(1);
  });

  test('a set issued after a refusal is not exchanged again until its cool-down, which doubles', async () => {
    const { session, server, clock } = setUp();
    let sent = await session.getTokens();
    sent = (await session.tokenRejected(sent, unauthorized)) as typeof sent;
    await clock.advance(9_000);
    expect(await session.tokenRejected(sent, unauthorized)).toBeUndefined();
    await clock.advance(1_000);
    sent = (await session.tokenRejected(sent, unauthorized)) as typeof sent;
    expect(sent.accessToken).toBe('access-3');
    await clock.advance(19_000);
    expect(await session.tokenRejected(sent, unauthorized)).toBeUndefined();
    await clock.advance(1_000);
    expect(token(await session.tokenRejected(sent, unauthorized))).toBe('access-4');
    expect(server.refreshes).toBe(3);
  });

  test('after ten good minutes the cool-down starts over', async () => {
    const { session, clock } = setUp();
    let sent = await session.getTokens();
    for (const waitMs of [0, 10_000, 20_000, 10 * minute, 10_000]) {
      await clock.advance(waitMs);
      sent = (await session.tokenRejected(sent, unauthorized)) as typeof sent;
      expect(sent).toBeDefined();
    }
  });

  test('getTokens takes the refused access token too', async () => {
    const { session, server } = setUp();
    const { accessToken } = await session.getTokens();
    expect(await session.getAccessToken({ rejected: accessToken })).toBe('access-2');
    expect(await session.getAccessToken({ rejected: 'access-2' })).toBe('access-2');
    expect(server.refreshes).toBe(1);
  });

  test('another status, and a missing scope, are no refusal', async () => {
    const { session, server } = setUp();
    const sent = await session.getTokens();
    const forbidden = { status: 403, headers: new Headers() };
    const scope = {
      status: 401,
      headers: new Headers({ 'www-authenticate': 'Bearer realm="api", error="insufficient_scope"' }),
    };
    expect(await session.tokenRejected(sent, forbidden)).toBeUndefined();
    expect(await session.tokenRejected(sent, scope)).toBeUndefined();
    expect(server.ledger).toHaveLength(1);
  });

  test('a failed exchange after a refusal is the caller’s error, not the refused token', async () => {
    const { session, server } = setUp();
    const sent = await session.getTokens();
    server.next('refresh', () => {
      throw neverSent();
    });
    await expect(session.tokenRejected(sent, unauthorized)).rejects.toMatchObject({ code: 'network' });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
  });
});

describe('failed exchanges', () => {
  test('a lost answer is asked for once more, soon, and then a login recovers', async () => {
    const { session, server, clock, until } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    server.next('refresh', (proceed) => {
      proceed();
      throw lostAnswer();
    });
    const startedAt = clock.monotonic();
    expect(await until(session.getAccessToken())).toBe('access-3');
    expect(clock.monotonic() - startedAt).toBeLessThan(3_000);
    expect(server.ledger.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
      'refresh issued',
      'refresh refused',
      'login issued',
    ]);
  });

  test('lost twice: a cool-down that doubles, and one presentation a flight', async () => {
    const { session, server, clock, until } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    let presented = 0;
    const lose = () => {
      for (let call = 0; call < 4; call++) {
        server.next('refresh', () => {
          presented++;
          throw lostAnswer();
        });
      }
    };
    lose();
    const first = (await until(session.getTokens().catch((error: unknown) => error))) as {
      retryAt: number;
      code: string;
    };
    expect(first.code).toBe('network');
    expect(presented).toBe(2);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network', retryAt: expect.any(Number) });
    expect(presented).toBe(2);
    await clock.advance(first.retryAt - clock.now());
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(presented).toBe(3);
    await clock.advance(1_000);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(presented).toBe(3);
    await clock.advance(1_000);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(presented).toBe(4);
    await clock.advance(4_000);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('a request never sent is not repeated at once', async () => {
    const { session, server, clock } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    server.next('refresh', () => {
      throw neverSent();
    });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network', delivery: 'not_sent' });
    await clock.advance(1_000);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(server.ledger).toHaveLength(1);
  });

  test('an error that says no better counts as a lost answer, and its words are dropped', async () => {
    const { session, server, clock, until } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    for (let call = 0; call < 2; call++) {
      server.next('refresh', () => {
        throw Object.assign(new RangeError('refresh-1 leaked'), { request: 'refresh-1' });
      });
    }
    const error = (await until(session.getTokens().catch((thrown: unknown) => thrown))) as Error;
    expect(error).toMatchObject({ code: 'network', delivery: 'unknown', detail: 'RangeError' });
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('refresh-1');
  });

  test('an exchange that stalls is given up at its deadline', async () => {
    const { session, server, clock } = setUp({ scheduler: noTimers });
    server.next('login', () => new Promise(() => {}));
    const failed = expect(session.getTokens()).rejects.toMatchObject({
      code: 'timeout',
      delivery: 'unknown',
    });
    await clock.advance(10_000);
    await failed;
    await clock.advance(1_000);
    expect(await session.getAccessToken()).toBe('access-1');
  });

  test('a password is not sent again after a lost answer', async () => {
    const { session, server } = setUp({ scheduler: noTimers });
    server.next('login', (proceed) => {
      proceed();
      throw lostAnswer();
    });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(server.logins).toBe(1);
  });

  test('a refresh token refused leads to one login', async () => {
    const { session, server, clock, until } = setUp({ scheduler: noTimers });
    await session.getTokens();
    server.revokeAll();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    expect(await until(session.getAccessToken())).toBe('access-2');
    expect(server.ledger.map(({ endpoint }) => endpoint)).toEqual(['refresh', 'login']);
  });

  test('a session that is over without credentials says so in the store', async () => {
    const { session, server, clock, store } = setUp({
      key: 'key',
      provider: { password: null },
      initialTokens: { accessToken: 'given', refreshToken: 'gone', expiresInMs: minute },
    });
    await session.getTokens();
    await clock.advance(hour);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'reauthentication_required' });
    expect(server.refreshes).toBe(1);
    const { value = '{}' } = (await store.get('key')) ?? {};
    expect(JSON.parse(value)).not.toHaveProperty('tokens');
  });

  test('a login where the secrets cannot be had sends nothing', async () => {
    const { session, server } = setUp({
      provider: {
        password: () => {
          throw new Error('vault said: correct horse');
        },
      },
    });
    const error = (await session.getTokens().catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ code: 'credentials_unavailable', delivery: 'not_sent', retryable: true });
    expect(String(error.stack)).not.toContain('correct horse');
    expect(server.ledger).toEqual([]);
  });

  test('a vault that never answers is given up at its deadline', async () => {
    const { session, clock } = setUp({ provider: { password: () => new Promise<string>(() => {}) } });
    const failed = expect(session.getTokens()).rejects.toMatchObject({ code: 'credentials_unavailable' });
    await clock.advance(20_000);
    await failed;
  });
});

describe('events and status', () => {
  test('a listener that throws, rejects or calls back breaks nothing', async () => {
    const { session } = setUp();
    const seen: string[] = [];
    session.subscribe(() => {
      throw new Error('listener');
    });
    session.subscribe((async () => {
      throw new Error('listener');
    }) as () => void);
    const stop = session.subscribe((event) => {
      seen.push(event.type);
      void session.getTokens();
    });
    expect(await session.getAccessToken()).toBe('access-1');
    stop();
    stop();
    await session.getAccessToken({ forceRefresh: true });
    expect(seen).toEqual(['login']);
  });

  test('events carry the key with control characters escaped', async () => {
    const { session, events } = setUp({ key: 'line\nbreak\u001b[31m' });
    await session.getTokens();
    expect(events[0]).toMatchObject({ type: 'login', key: 'line\\u000abreak\\u001b[31m', provider: 'fake' });
  });

  test('status tells what is known without an exchange', async () => {
    const { session, server, clock } = setUp();
    expect(await session.status()).toEqual({ state: 'idle' });
    const { expiresAt } = await session.getTokens();
    expect(await session.status()).toEqual({ state: 'signed_in', expiresAt });
    await clock.advance(2 * hour);
    server.next('refresh', () => {
      throw neverSent();
    });
    await session.getTokens().catch(() => {});
    expect(await session.status()).toMatchObject({ state: 'signed_in', retryAt: clock.now() + 1_000 });
    await session.signOut();
    expect(await session.status()).toEqual({ state: 'signed_out', retryAt: clock.now() + 1_000 });
  });

  test('a session whose token is over and cannot be refreshed is idle', async () => {
    const { session, clock } = setUp({}, (fake) => {
      fake.issuesRefreshTokens = false;
    });
    await session.getTokens();
    expect(await session.status()).toMatchObject({ state: 'signed_in' });
    await clock.advance(hour);
    expect(await session.status()).toEqual({ state: 'idle' });
  });

  test('peek looks at memory only', async () => {
    const { session, clock } = setUp();
    expect(session.peek()).toBeUndefined();
    const tokens = await session.getTokens();
    await clock.advance(0.5 * hour);
    expect(session.peek()).toBe(tokens);
  });
});

describe('sharing and disposing', () => {
  test('sessions with one key on one store share a flight', async () => {
    const { session, server, clock, store } = setUp();
    const other = createAuthSession(server.provider(), { store, clock });
    const [left, right] = await Promise.all([session.getTokens(), other.getTokens()]);
    expect(left).toBe(right);
    expect(server.logins).toBe(1);
  });

  test('two accounts in one store keep apart', async () => {
    const { session, server, clock, store } = setUp();
    const other = createAuthSession(server.provider({ account: 'bob' }), { store, clock });
    expect(await Promise.all([session.getAccessToken(), other.getAccessToken()])).toEqual([
      'access-1',
      'access-2',
    ]);
    await session.signOut();
    expect(await other.getAccessToken()).toBe('access-2');
  });

  test('dispose leaves no timer and no subscription, and stored tokens stay', async () => {
    const backend = new FakeBackend();
    const { session, clock } = setUp({ store: backend.open({ subscribe: true }) });
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

  test('the other sessions of an account live on when one is disposed', async () => {
    const { session, server, clock, store } = setUp();
    const other = createAuthSession(server.provider(), { store, clock });
    await session.getTokens();
    session.dispose();
    expect(await other.getAccessToken()).toBe('access-1');
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
  });

  test('a session opened while a disposed one’s flight is under way joins it', async () => {
    const { session, server, clock, store } = setUp();
    const gate = Promise.withResolvers<void>();
    server.next('login', async (proceed) => {
      await gate.promise;
      return proceed();
    });
    const first = session.getTokens();
    await settle();
    session.dispose();
    const second = createAuthSession(server.provider(), { store, clock }).getTokens();
    gate.resolve();
    expect(await second).toBe(await first);
    expect(server.logins).toBe(1);
  });
});

describe('clocks', () => {
  test('a wall clock set ahead costs one refresh', async () => {
    const { session, server, clock } = setUp();
    await session.getTokens();
    clock.jump(10 * hour);
    for (let call = 0; call < 5; call++) await session.getTokens();
    expect(server.refreshes).toBe(1);
  });

  test('a wall clock set back lengthens no life', async () => {
    const { session, server, clock } = setUp({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(0.5 * hour);
    clock.jump(-2 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(0.45 * hour);
    await session.getTokens();
    await settle();
    expect(server.refreshes).toBe(1);
  });

  test('a timer fires on time although the wall clock was set back', async () => {
    const { session, server, clock } = setUp();
    await session.getTokens();
    clock.jump(-5 * hour);
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
  });

  test('life counts from when the request was sent', async () => {
    const { session, server, clock } = setUp();
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
    const ahead = setUp({ store: backend.open() });
    ahead.clock.jump(5 * hour);
    await ahead.session.getTokens();
    const here = setUp({ store: backend.open(), scheduler: null });
    expect(await here.session.getAccessToken()).toBe('access-1');
    await here.clock.advance(1.1 * hour);
    await here.until(here.session.getTokens());
    expect(here.server.ledger.length).toBeGreaterThan(0);
  });

  test('a token that is too short-lived to be of use is not fetched in a loop', async () => {
    const { session, server, clock } = setUp({ scheduler: null }, (fake) => {
      fake.lifetimeMs = 10;
    });
    for (let step = 0; step < 100; step++) {
      await session.getTokens();
      await clock.advance(20);
    }
    expect(server.ledger.length).toBeLessThanOrEqual(3);
  });
});

test('a response to a call under way when its session is disposed is the response', async () => {
  const { session } = setUp();
  const sent = await session.getTokens();
  session.dispose();
  expect(await session.tokenRejected(sent, { status: 404, headers: new Headers() })).toBeUndefined();
  expect(await session.tokenRejected(sent, { status: 401, headers: new Headers() })).toBeUndefined();
});

test('a wall clock set back after sleep lengthens no life either', async () => {
  const { session, server, clock } = setUp({ scheduler: noTimers });
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

test('nothing of a session shows what it keeps', async () => {
  const { inspect } = await import('node:util');
  const { session, server } = setUp();
  await session.getTokens();
  const shown = inspect([session, server.provider()], { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const secret of ['correct horse', 'access-1', 'refresh-1']) expect(shown).not.toContain(secret);
  expect(JSON.stringify(session)).toBe('{}');
});

test('the global fetch and timers are looked up at each call', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  try {
    const server = new FakeServer();
    const session = createAuthSession(server.provider());
    await session.getTokens();
    await vi.advanceTimersByTimeAsync(0.9 * hour);
    expect(server.refreshes).toBe(1);
    session.dispose();
  } finally {
    vi.useRealTimers();
  }
});

function setUp(options: Parameters<Scene['open']>[0] = {}, prepare: (server: FakeServer) => void = () => {}) {
  const scene = new Scene();
  prepare(scene.server);
  const { store = scene.memory() } = options;
  const session = scene.open({ ...options, store });
  const { server, clock, events } = scene;
  return {
    session,
    server,
    clock,
    events,
    store,
    types: () => scene.types(),
    until: scene.until.bind(scene),
  };
}
