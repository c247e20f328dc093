import { describe, expect, test } from 'vitest';
import { memoryStore } from '../src/index.js';
import { recordWith } from './support/record.js';
import { noTimers, Scene } from './support/scene.js';

describe('memoryStore', () => {
  test('a record whose evictAt has passed is forgotten', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    await store.compareAndSet('key', undefined, recordWith('a', 10));
    now = 10;
    expect(await store.get('key')).toBeUndefined();
    expect(await store.compareAndSet('key', undefined, recordWith('b'))).toBe(true);
  });

  test('without a clock of its own it forgets no record that a session with another clock still needs', {
    tags: ['fault-62'],
  }, async () => {
    const scene = new Scene();
    const session = scene.open({
      store: memoryStore(),
      provider: { password: 'wrong' },
      scheduler: noTimers,
    });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'invalid_credentials' });
    for (let call = 0; call < 5; call++)
      await expect(session.getTokens()).rejects.toMatchObject({ code: 'login_blocked' });
    expect(scene.server.logins).toBe(1);
  });

  test('records that nobody reads again do not pile up', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    for (let account = 0; account < 1_024; account++)
      await store.compareAndSet(`old-${account}`, undefined, recordWith('a', 10));
    now = 20;
    for (let account = 0; account < 1_024; account++)
      await store.compareAndSet(`new-${account}`, undefined, recordWith('a', 99));
    now = 5;
    expect(await store.get('old-1')).toBeUndefined();
    expect(await store.get('new-1')).toBeDefined();
  });
});
