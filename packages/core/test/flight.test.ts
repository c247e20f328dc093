import { describe, expect, test } from 'vitest';
import { createAuthSession, type Lease } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeServer } from './support/fake-server.js';
import { settle } from './support/manual-clock.js';
import { Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

test('a lease of which the store cannot tell does not count as held', async () => {
  const scene = new Scene();
  const lease: Lease = {
    lost: new AbortController().signal,
    held: () => {
      throw new Error('canary-secret');
    },
    release: () => {},
  };
  const session = scene.open({ store: { ...scene.memory(), lock: async () => lease } });
  await expect(session.getTokens()).rejects.toMatchObject({ code: 'lock_timeout' });
  expect(scene.server.logins).toBe(0);
});

describe('waiting for the lock', () => {
  test('a process whose wait times out adopts what the holder saved, or else fails and sends nothing', {
    tags: ['fault-13'],
  }, async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    await backend.open({ lock: true }).lock?.('key', { signal: new AbortController().signal });
    const failed = expect(first.getTokens()).rejects.toMatchObject({ code: 'lock_timeout', retryable: true });
    await scene.clock.advance(60_000);
    await failed;
    expect(scene.server.refreshes).toBe(0);

    const adopted = first.getAccessToken();
    await settle();
    backend.holder?.steal();
    backend.next('lock', () => {});
    const other = second.getAccessToken();
    await scene.clock.advance(60_000);
    expect(await Promise.all([adopted, other])).toEqual(['access-2', 'access-2']);
  });

  test('a lock that is granted at the time-out is released before the caller wakes: its process may exit', async () => {
    const { scene, backend, first } = twoProcesses();
    const gate = Promise.withResolvers<void>();
    backend.next('lock', () => gate.promise);
    let end: unknown = 'none';
    const call = first.getTokens().catch(({ code }) => {
      end = { code, holder: backend.holder };
    });
    await scene.clock.advance(60_000);
    expect(end).toBe('none');
    gate.resolve();
    await call;
    expect(end).toEqual({ code: 'lock_timeout', holder: undefined });
    expect(await first.getAccessToken()).toBe('access-1');
  });

  test('a lock that is granted after the news and the time-out is released before the caller wakes', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const gate = Promise.withResolvers<void>();
    backend.next('lock', () => gate.promise);
    let end: unknown = 'none';
    const call = first.getAccessToken().then((token) => {
      end = { token, holder: backend.holder };
    });
    await scene.clock.advance(59_900);
    await second.getTokens();
    await scene.clock.advance(200);
    expect(end).toBe('none');
    gate.resolve();
    await call;
    expect(end).toEqual({ token: 'access-2', holder: undefined });
  });

  test('a lock that is granted long after the time-out is released then', async () => {
    const { scene, backend, first } = twoProcesses();
    const gate = Promise.withResolvers<void>();
    backend.next('lock', () => gate.promise);
    const failed = expect(first.getTokens()).rejects.toMatchObject({ code: 'lock_timeout' });
    await scene.clock.advance(60_250);
    await failed;
    gate.resolve();
    await settle();
    expect(backend.holder).toBeUndefined();
    expect(await first.getAccessToken()).toBe('access-1');
  });
});

describe('losing the lease', () => {
  test('a refresh token is not sent without the lease: the flight starts over', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    scene.events.length = 0;
    // The lease is lost after the flight has read under it, and before the refresh token is sent.
    backend.next('lock', () => {});
    backend.next('get', () => {});
    backend.next('get', () => backend.holder?.steal());
    expect(await first.getAccessToken()).toBe('access-2');
    expect(scene.types()).toContain('lease_lost');
    expect(scene.server.ledger.filter(({ endpoint }) => endpoint === 'refresh')).toHaveLength(1);
    expect(backend.calls.filter((call) => call === 'lock')).toHaveLength(3);
  });

  test('a password is not sent without the lease: the flight starts over', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.next('compareAndSet', () => backend.holder?.steal());
    expect(await first.getAccessToken()).toBe('access-1');
    expect(scene.types()).toContain('lease_lost');
    expect(scene.server.logins).toBe(1);
  });

  test('a lease that is lost three times in one flight is a retryable error', async () => {
    const { backend, first } = twoProcesses();
    for (let turn = 0; turn < 3; turn++) backend.next('compareAndSet', () => backend.holder?.steal());
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'lock_timeout', retryable: true });
  });

  test('a process that lost the lease does not overwrite what the new holder saved', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const gate = Promise.withResolvers<void>();
    scene.server.next('refresh', async (proceed) => {
      const issued = proceed();
      backend.holder?.steal();
      await gate.promise;
      return issued;
    });
    const formerHolder = first.getAccessToken();
    await settle();
    const newHolder = second.getAccessToken();
    await scene.clock.advance(2_000);
    gate.resolve();
    expect(await newHolder).toBe('access-3');
    expect(await formerHolder).toBe('access-3');
    expect(backend.envelope.tokens?.accessToken).toBe('access-3');
  });
});

describe('a record that changes all the time', () => {
  test('the flight gives up after several attempts to write', async () => {
    const { backend, first } = twoProcesses({ lock: false });
    for (let turn = 0; turn < 20; turn++) {
      backend.next('compareAndSet', () => {
        backend.records.set('key', {
          id: `id-${turn}`,
          value: '{"v":1,"guard":{"failures":0,"loginsAt":[]}}',
        });
      });
    }
    const session = createAuthSession(new FakeServer().provider(), { store: backend.open(), key: 'key' });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    first.dispose();
  });
});
