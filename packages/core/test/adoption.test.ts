import { describe, expect, test } from 'vitest';
import { AuthError } from '../src/index.js';
import * as limits from '../src/limits.js';
import { hour } from './support/durations.js';
import { settle } from './support/manual-clock.js';
import { noTimers, Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('adopting what another process stored', () => {
  test('a fresh set is adopted without the lock and without an exchange', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    backend.calls = [];
    expect(await second.getAccessToken()).toBe('access-1');
    expect(backend.calls).toEqual(['get']);
    expect(scene.server.ledger).toHaveLength(1);
    expect(scene.types()).toEqual(['login', 'adopted']);
  });

  test('at expiry one process exchanges, and the other reads again under the lock and adopts', async () => {
    const { scene, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const tokens = await Promise.all([first.getAccessToken(), second.getAccessToken()]);
    expect(tokens).toEqual(['access-2', 'access-2']);
    expect(scene.server.refreshes).toBe(1);
  });

  test('a new process serves a stored token that is still valid, even if its refresh fails', async () => {
    const { scene, first, open } = twoProcesses();
    await first.getTokens();
    for (const share of [0.87, 0.995]) {
      await scene.clock.advance(share * hour - (scene.clock.now() - scene.clock.start));
      scene.server.next('refresh', () => {
        throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 1_000 });
      });
      expect(await open().getAccessToken()).toBe('access-1');
      expect(await open().getAccessToken()).toBe('access-1');
      await scene.clock.advance(1_000);
    }
  });
});

describe('notifications of the store', () => {
  test('a set that another process refreshed is adopted as soon as the store reports it', async () => {
    const { scene, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    await first.getAccessToken({ forceRefresh: true });
    await settle();
    expect(second.peek()?.accessToken).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('a flight that waits for the lock adopts a reported set and stops waiting', async () => {
    const { scene, backend, open, second } = twoProcesses({ lock: true, subscribe: true });
    const third = open({ store: backend.open({ subscribe: true }) });
    await second.getTokens();
    await third.getTokens();
    await scene.clock.advance(2 * hour);
    const lease = await backend
      .open({ lock: true })
      .lock?.('other', { signal: new AbortController().signal });
    const waiting = second.getAccessToken();
    await settle();
    expect(await third.getAccessToken()).toBe('access-2');
    expect(await waiting).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
    await lease?.release();
    await settle();
    expect(backend.holder).toBeUndefined();
    expect(scene.types()).not.toContain('store_failed');
  });

  test('a sign-out that is reported while the store is down is noticed when the store is back', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    backend.next('compareAndSet', () => backend.breakDown('get'));
    await first.signOut();
    await scene.clock.advance(10_000);
    expect(second.peek()?.accessToken).toBe('access-1');
    backend.breakDown();
    await scene.clock.advance(limits.storeRetryMaxMs);
    await expect(second.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('a disposed session stops looking at the store', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    backend.next('compareAndSet', () => backend.breakDown('get'));
    await first.signOut();
    await settle();
    expect(scene.clock.timers).toBe(1);
    second.dispose();
    expect(scene.clock.timers).toBe(0);
  });

  test('a store whose subscribe throws is reported as an event, and the session works', async () => {
    const scene = new Scene();
    const store = scene.memory();
    store.subscribe = () => {
      throw Object.assign(new Error('no'), { code: 'EMFILE' });
    };
    const session = scene.open({ store });
    expect(await session.getAccessToken()).toBe('access-1');
    expect(scene.events[0]).toMatchObject({ type: 'store_failed', operation: 'subscribe', reason: 'EMFILE' });
  });

  test('a store whose subscribe gives no function is subscribed once', async () => {
    const scene = new Scene();
    const store = scene.memory();
    let subscribed = 0;
    store.subscribe = () => ++subscribed as never;
    const session = scene.open({ store, scheduler: noTimers });
    for (let flight = 0; flight < 5; flight++) await session.getTokens({ forceRefresh: true });
    expect(subscribed).toBe(1);
    expect(scene.types().filter((type) => type === 'store_failed')).toHaveLength(1);
  });

  test('a store whose subscribe threw once is asked again by the next flight', async () => {
    const { scene, backend, second } = twoProcesses({ lock: true, subscribe: true });
    const store = backend.open({ lock: true, subscribe: true });
    const { subscribe } = store as Required<typeof store>;
    store.subscribe = () => {
      store.subscribe = subscribe;
      throw new Error('no');
    };
    const first = scene.open({ store, scheduler: noTimers });
    await first.getTokens();
    await first.getTokens({ forceRefresh: true });
    await second.signOut();
    await settle();
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('a slow read after a notification does not put an old set back', async () => {
    const { backend, open, second } = twoProcesses({ lock: true, subscribe: true });
    const store = backend.open({ lock: true, subscribe: true });
    const { get } = store;
    const gate = Promise.withResolvers<void>();
    let slow = false;
    store.get = async (key) => {
      const record = await get(key);
      if (slow) {
        slow = false;
        await gate.promise;
      }
      return record;
    };
    const first = open({ store });
    await first.getTokens();
    slow = true;
    await second.signIn();
    await settle();
    const newest = await first.signIn();
    gate.resolve();
    await settle();
    expect(first.peek()).toBe(newest);
  });
});
