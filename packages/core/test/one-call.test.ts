import { describe, expect, test } from 'vitest';
import type { TokenStore } from '../src/index.js';
import { hour, minute, second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { Scene, type SceneOptions } from './support/scene.js';

const plain = (store: TokenStore): TokenStore => store;

/** Processes as cron starts them: each opens a session on the shared store, makes one call and ends. */
function processes(
  options: SceneOptions = {},
  wrap: (store: TokenStore, scene: Scene) => TokenStore = plain,
) {
  const scene = new Scene();
  const backend = new FakeBackend();
  const call = async (): Promise<string> => {
    const store = wrap(backend.open({ lock: true, subscribe: true }), scene);
    using session = scene.open({ store, clock: scene.clockOfProcess(), ...options });
    return await session.getAccessToken();
  };
  return { scene, backend, call };
}

describe('a process that makes one call, with a set that is due', () => {
  test.each([
    ['the default scheduler', {}],
    ['scheduler: null', { scheduler: null }],
    ['waitUntil', { scheduler: null, waitUntil: () => {} }],
  ])('refreshes the set before the call is over: %s', { tags: ['fault-110'] }, async (_, options) => {
    const { scene, backend, call } = processes(options);
    await call();
    for (let start = 2; start < 10; start++) {
      await scene.clock.advance(55 * minute);
      expect(await call()).toBe(`access-${start}`);
      expect(backend.envelope.tokens?.accessToken).toBe(`access-${start}`);
    }
    expect(scene.server.logins).toBe(1);
  });

  test('serves the token that lives where the server takes longer than five seconds', {
    tags: ['fault-110'],
  }, async () => {
    const { scene, call } = processes();
    await call();
    await scene.clock.advance(55 * minute);
    scene.server.holdNext('refresh');
    const startedAt = scene.clock.monotonic();
    expect(await scene.until(call())).toBe('access-1');
    expect(scene.clock.monotonic() - startedAt).toBeLessThanOrEqual(5_050);
  });

  test('has given the lease back when its call is over, so that the next one need not wait for a dead holder', {
    tags: ['fault-110'],
  }, async () => {
    /** The lock is granted, and released, a while after it was asked for, and whoever has stopped waiting gets it too. */
    const slow = (store: TokenStore, { clock }: Scene): TokenStore => {
      const pause = () => new Promise<void>((resolve) => clock.setTimeout(resolve, 20));
      return {
        ...store,
        lock: async (key, { signal: _ }) => {
          await pause();
          const never = new AbortController().signal;
          const lease = await (store as Required<TokenStore>).lock(key, { signal: never });
          return {
            lost: lease.lost,
            held: () => lease.held(),
            release: () => pause().then(() => lease.release()),
          };
        },
      };
    };
    const { scene, backend, call } = processes({}, slow);
    const heldAtTheEnd: boolean[] = [];
    const calls = Array.from({ length: 5 }, async () => {
      await call();
      heldAtTheEnd.push(backend.holder !== undefined);
    });
    await scene.until(Promise.all(calls));
    expect(heldAtTheEnd.at(-1)).toBe(false);
    await scene.clock.advance(55 * minute);
    await scene.until(call());
    expect(backend.holder).toBeUndefined();
    expect(scene.server.ledger).toHaveLength(2);
  });

  test('serves the token that lives where the refresh fails', { tags: ['fault-110'] }, async () => {
    const { scene, call } = processes();
    await call();
    await scene.clock.advance(55 * minute);
    scene.server.revokeAll();
    expect(await scene.until(call())).toMatch(/^access-[12]$/);
  });

  test('a hundred of them at once cost one refresh, and none stands in line', {
    tags: ['fault-110'],
  }, async () => {
    const { scene, call } = processes();
    await call();
    await scene.clock.advance(55 * minute);
    const answer = scene.server.holdNext('refresh');
    const startedAt = scene.clock.monotonic();
    const calls = Array.from({ length: 100 }, async () => {
      const accessToken = await call();
      return { accessToken, waitedMs: scene.clock.monotonic() - startedAt };
    });
    await scene.clock.advance(second);
    answer();
    const ends = await scene.until(Promise.all(calls));
    expect(ends.filter(({ waitedMs }) => waitedMs <= 300)).toHaveLength(99);
    expect(ends.filter(({ accessToken }) => accessToken === 'access-2')).toHaveLength(1);
    expect(scene.server.refreshes).toBe(1);
  });

  test('a set that nothing can wait for is still waited for: past its mandatory instant the lease is', {
    tags: ['fault-110'],
  }, async () => {
    const { scene, call } = processes();
    await call();
    await scene.clock.advance(hour);
    const answer = scene.server.holdNext('refresh');
    const calls = Array.from({ length: 10 }, () => call());
    await scene.clock.advance(2 * second);
    answer();
    expect(new Set(await scene.until(Promise.all(calls)))).toEqual(new Set(['access-2']));
    expect(scene.server.refreshes).toBe(1);
  });
});

test('a slow store has the time that a free lease takes it', { tags: ['fault-110'] }, async () => {
  const { scene, call } = processes({}, (store, { clock }) => {
    const pause = (): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, 200));
    const { get, compareAndSet, lock } = store as Required<TokenStore>;
    return {
      get: (key) => pause().then(() => get(key)),
      compareAndSet: (...write) => pause().then(() => compareAndSet(...write)),
      // A lease takes a store at least a read and a write.
      lock: async (key, options) => {
        await pause();
        await pause();
        return lock(key, options);
      },
    };
  });
  await scene.until(call());
  await scene.clock.advance(55 * minute);
  expect(await scene.until(call())).toBe('access-2');
});
