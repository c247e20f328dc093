import { describe, expect, test } from 'vitest';
import { hour } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('a store that fails', () => {
  test('null counts as no record, and a lock that gives no lease is a clear error', async () => {
    const { open, backend } = twoProcesses();
    const { get, compareAndSet } = backend.open();
    const session = open({
      store: { get: async (key) => (await get(key)) ?? (null as never), compareAndSet },
    });
    expect(await session.getAccessToken()).toBe('access-1');
    const lock = async () => ({}) as never;
    await expect(
      open({ key: 'other', store: { get, compareAndSet, lock } }).getTokens(),
    ).rejects.toMatchObject({
      code: 'store_failed',
      detail: 'lock: it gave no Lease',
    });
  });

  test('a store that cannot be read is a clear error, and a valid token is served meanwhile', async () => {
    const { scene, backend, first } = twoProcesses();
    const repair = backend.breakDown('get', 'compareAndSet', 'lock');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed', retryable: true });
    expect(scene.server.ledger).toEqual([]);
    repair();
    await first.getTokens();
    backend.breakDown('get', 'compareAndSet', 'lock');
    await scene.clock.advance(0.9 * hour);
    expect(await first.getAccessToken()).toBe('access-1');
    await settle();
    expect(await first.getAccessToken()).toBe('access-1');
    await scene.clock.advance(hour);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    repair();
    expect(await first.getAccessToken()).toBe('access-2');
  });

  test('a call of the store that never ends times out', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.next('get', () => new Promise(() => {}));
    const failed = expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    await scene.clock.advance(5_000);
    await failed;
  });

  test('a driver’s error is reported by its class name alone', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.next('get', () => {
      throw Object.assign(new Error('SET key access-1'), {
        name: 'ReplyError',
        command: { args: ['access-1'] },
      });
    });
    const error = (await first.getTokens().catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain('get: ReplyError');
    expect(JSON.stringify([error, scene.events])).not.toContain('access-1');
  });
});

describe('a record that this version did not write', () => {
  test('a record that is not an envelope is reported and replaced', async () => {
    for (const value of [
      '',
      'torn {',
      '[]',
      '{"v":0}',
      '{"v":1}',
      '{"v":1,"guard":{"failures":-1,"loginsAt":[]}}',
    ]) {
      const scene = new Scene();
      const backend = new FakeBackend();
      backend.records.set('key', { id: 'foreign', value });
      const session = scene.open({ store: backend.open(), key: 'key' });
      expect(await session.getAccessToken()).toBe('access-1');
      expect(scene.types()).toContain('record_unreadable');
    }
  });

  test('a record of a later version is not overwritten', async () => {
    const { backend, open } = twoProcesses();
    backend.records.set('key', { id: 'later', value: '{"v":2}' });
    await expect(open({ key: 'key' }).getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(backend.records.get('key')?.id).toBe('later');
  });
});
