import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import type { RefreshScheduler } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { neverSent } from './support/fake-server.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { noTimers, Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('a refresh that a caller causes', () => {
  hashQuickly();

  test('between its advisory and its mandatory time a token is served, and refreshed in the background', async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(0.85 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    await settle();
    expect(server.refreshes).toBe(1);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('a background refresh that fails is an event, and the call succeeds', async () => {
    const { session, server, clock, types } = openSession({ scheduler: noTimers });
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

  test('that somebody else has the lease for the refresh is no failure', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(0.85 * hour);
    const other = await backend.open({ lock: true }).lock?.('key', { signal: new AbortController().signal });
    expect(await first.getAccessToken()).toBe('access-1');
    await scene.clock.advance(10_000);
    expect(scene.types()).not.toContain('background_failed');
    await other?.release();
    await scene.clock.advance(60_000);
    await first.getAccessToken();
    await settle();
    expect(scene.server.refreshes).toBe(1);
  });

  test('mistyped passwords do not delay the refresh', async () => {
    const { scene, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(0.85 * hour);
    for (let turn = 0; turn < 3; turn++) await first.signIn({ password: 'typo' }).catch(() => {});
    await first.getTokens();
    await settle();
    expect(scene.server.refreshes).toBe(1);
  });

  test('a token that expires at once is not fetched in a loop', async () => {
    const { session, server, clock } = openSession({ scheduler: null }, (fake) => {
      fake.lifetimeMs = 10;
    });
    for (let step = 0; step < 100; step++) {
      await session.getTokens();
      await clock.advance(20);
    }
    expect(server.ledger.length).toBeLessThanOrEqual(3);
  });
});

describe('a set that is over when it arrives', () => {
  /** Each exchange takes two seconds, and its tokens live for one. */
  async function openSlowly() {
    const opened = openSession({ scheduler: noTimers }, (fake) => {
      fake.lifetimeMs = 1_000;
    });
    const { clock, server, session } = opened;
    const exchange = async (endpoint: 'login' | 'refresh') => {
      const answer = server.holdNext(endpoint);
      const token = session.getAccessToken();
      await clock.advance(2_000);
      answer();
      return token;
    };
    await exchange('login');
    return { ...opened, exchange };
  }

  test('it is served for a second after it came, so that a slow server is not asked without a pause', async () => {
    const { session, server, clock, exchange } = await openSlowly();
    await clock.advance(900);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(server.ledger).toHaveLength(1);
    await clock.advance(200);
    expect(await exchange('refresh')).toBe('access-2');
  });

  test('it is not served once the machine has slept', async () => {
    const { server, clock, exchange } = await openSlowly();
    clock.jump(3_600_000);
    expect(await exchange('refresh')).toBe('access-2');
    expect(server.ledger).toHaveLength(2);
  });
});

describe('a refresh by timer', () => {
  test('a timer refreshes a token that was used, and leaves a token alone that nobody used', async () => {
    const { session, server, clock } = openSession();
    await session.getTokens();
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
    await clock.advance(10 * hour);
    expect(server.refreshes).toBe(1);
  });

  test('with keepAlive a timer refreshes a token that nobody used', async () => {
    const { session, server, clock } = openSession({ keepAlive: true });
    await session.getTokens();
    await clock.advance(4 * hour);
    expect(server.refreshes).toBe(5);
  });

  test('a scheduler of the user’s own gets the key of the session, the same in every process', async () => {
    const keys: string[] = [];
    const scheduler: RefreshScheduler = {
      schedule: ({ key }) => {
        keys.push(key);
        return () => {};
      },
    };
    for (let process = 0; process < 2; process++)
      await openSession({ scheduler, key: 'account' }).session.getTokens();
    expect(keys).toEqual(['account', 'account']);
  });

  test('a timer never logs in, and that is no failure', { tags: ['fault-135'] }, async () => {
    const { session, server, clock, types } = openSession();
    await session.getTokens();
    server.revokeAll();
    await clock.advance(0.9 * hour);
    expect(server.refreshes).toBe(1);
    expect(server.logins).toBe(1);
    expect(types()).not.toContain('background_failed');
    expect(await session.getAccessToken()).toBe('access-1');
    await settle();
    expect(await session.getAccessToken()).toBe('access-2');
    expect(server.refreshes).toBe(1);
    expect(server.logins).toBe(2);
  });

  test('a caller that joins a timer’s flight gets the login it needs', async () => {
    const { session, server, clock } = openSession();
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

  test('an account has timers as soon as one of its sessions has a scheduler', async () => {
    const scene = new Scene();
    const store = scene.memory();
    scene.open({ store, scheduler: null });
    const session = scene.open({ store, keepAlive: true });
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    expect(scene.server.refreshes).toBe(2);
  });

  test('timers back off while the store is down, and resume when it is back', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const session = scene.open({ store: backend.open({ lock: true }), keepAlive: true });
    await session.getTokens();
    const repair = backend.breakDown('get', 'compareAndSet', 'lock');
    await scene.clock.advance(3 * hour);
    expect(scene.types().filter((type) => type === 'background_failed').length).toBeLessThan(50);
    repair();
    await scene.clock.advance(6 * 60_000);
    expect(scene.server.refreshes).toBe(1);
  });

  test('of several processes, only one presents a refresh token that the server refuses to a timer', async () => {
    const { scene, open } = twoProcesses();
    const sessions = [1, 2, 3, 4].map(() => open({ scheduler: undefined, keepAlive: true }));
    for (const session of sessions) await session.getTokens();
    scene.server.revokeAll();
    await scene.clock.advance(0.9 * hour);
    expect(scene.server.refreshes).toBe(1);
    expect(scene.server.logins).toBe(1);
    for (const session of sessions) session.dispose();
  });
});

describe('a refresh without a scheduler', () => {
  test('the caller waits for the refresh, and gets the valid token if the refresh fails', async () => {
    const { session, server, clock } = openSession({ scheduler: null });
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

  test('a caller that aborts does not wait for the refresh', async () => {
    const { scene, open } = twoProcesses();
    const session = open({ scheduler: null });
    await session.getTokens();
    await scene.clock.advance(0.9 * hour);
    scene.server.next('refresh', () => new Promise(() => {}));
    const controller = new AbortController();
    const call = expect(session.getTokens({ signal: controller.signal })).rejects.toThrow('gone');
    await settle();
    controller.abort(new Error('gone'));
    await call;
  });

  test('waitUntil receives every flight, and none of them rejects', async () => {
    const works: Promise<unknown>[] = [];
    const { session, server, clock } = openSession({
      scheduler: null,
      waitUntil: (work) => works.push(work),
    });
    await session.getTokens();
    await clock.advance(0.85 * hour);
    server.next('refresh', () => {
      throw neverSent();
    });
    expect(await session.getAccessToken()).toBe('access-1');
    expect(works).toHaveLength(2);
    await expect(Promise.all(works)).resolves.toBeDefined();
  });
});
