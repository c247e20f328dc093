import { describe, expect, test } from 'vitest';
import { encryptedStore, memoryStore, type TokenRecord, type TokenStore } from '../src/index.js';
import { openSession } from './support/open-session.js';
import { recordWith } from './support/record.js';
import { noTimers } from './support/scene.js';

describe('encryptedStore', () => {
  const newKey = new Uint8Array(32).fill(1);
  const oldKey = new Uint8Array(32).fill(2);

  test('the stored text shows nothing of the value', async () => {
    const inner = memoryStore();
    const store = encryptedStore(inner, { keys: [newKey] });
    await store.compareAndSet('key', undefined, { ...recordWith('a'), value: 'very secret' });
    const stored = (await inner.get('key')) as TokenRecord;
    expect(stored.id).toBe('a');
    expect(atob(stored.value.slice('enc1:'.length))).not.toContain('secret');
    expect((await store.get('key'))?.value).toBe('very secret');
  });

  test('the same value is encrypted differently each time', async () => {
    const inner = memoryStore();
    const store = encryptedStore(inner, { keys: [newKey] });
    await store.compareAndSet('one', undefined, recordWith('a'));
    await store.compareAndSet('two', undefined, recordWith('a'));
    expect((await inner.get('one'))?.value).not.toBe((await inner.get('two'))?.value);
  });

  test.each<[string, (inner: TokenStore, sealed: TokenRecord) => [string, TokenRecord]]>([
    ['another account', (_, sealed) => ['other', sealed]],
    ['another id', (_, sealed) => ['key', { ...sealed, id: 'x' }]],
    ['another evictAt', (_, sealed) => ['key', { ...sealed, evictAt: 9e15 }]],
    ['a changed text', (_, sealed) => ['key', { ...sealed, value: `${sealed.value.slice(0, -4)}AAAA` }]],
    ['plain text', (_, sealed) => ['key', { ...sealed, value: 'plain' }]],
    ['text that is not base64', (_, sealed) => ['key', { ...sealed, value: 'enc1:***' }]],
    ['too short a text', (_, sealed) => ['key', { ...sealed, value: 'enc1:AAAA' }]],
  ])('a record with %s does not decrypt', async (_, move) => {
    const source = memoryStore();
    await encryptedStore(source, { keys: [newKey] }).compareAndSet('key', undefined, recordWith('a'));
    const target = memoryStore();
    const [key, moved] = move(source, (await source.get('key')) as TokenRecord);
    await target.compareAndSet(key, undefined, moved);
    const store = encryptedStore(target, { keys: [newKey] });
    await expect(store.get(key)).rejects.toMatchObject({ code: 'store_failed' });
  });

  test('lock and subscribe pass through where the inner store has them', async () => {
    const { get, compareAndSet } = memoryStore();
    expect(encryptedStore({ get, compareAndSet }, { keys: [newKey] })).not.toHaveProperty('lock');
    const store = encryptedStore(memoryStore(), { keys: [newKey] });
    expect(store.subscribe?.('key', () => {})).toBeTypeOf('function');
    const lease = await store.lock?.('key', { signal: new AbortController().signal });
    expect(lease?.held()).toBe(true);
    await lease?.release();
  });

  test('an older record that is put back is read, and a running session does not present its spent token again', {
    tags: ['fault-140'],
  }, async () => {
    const inner = memoryStore({ now: () => 0 });
    const store = encryptedStore(inner, { keys: [newKey] });
    const { session, server } = openSession({ store, scheduler: noTimers, key: 'key' });
    await session.getTokens();
    const older = (await inner.get('key')) as TokenRecord;
    await session.getTokens({ forceRefresh: true });
    const standing = await inner.get('key');
    expect(await inner.compareAndSet('key', standing?.id, older)).toBe(true);
    expect((await store.get('key'))?.id).toBe(older.id);
    await session.getTokens({ forceRefresh: true });
    expect(server.ledger.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`)).toEqual([
      'login issued',
      'refresh issued',
      'login issued',
    ]);
  });

  describe('keys', () => {
    test('an old key still decrypts, and the first key encrypts', async () => {
      const inner = memoryStore();
      await encryptedStore(inner, { keys: [oldKey] }).compareAndSet('key', undefined, recordWith('a'));
      const rotating = encryptedStore(inner, { keys: [newKey, oldKey] });
      expect(await rotating.get('key')).toEqual(recordWith('a'));
      await rotating.compareAndSet('key', 'a', recordWith('b'));
      expect(await encryptedStore(inner, { keys: [newKey] }).get('key')).toEqual(recordWith('b'));
    });

    test('a CryptoKey works', async () => {
      const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
        'encrypt',
        'decrypt',
      ]);
      const store = encryptedStore(memoryStore(), { keys: [key] });
      await store.compareAndSet('key', undefined, recordWith('a'));
      expect(await store.get('key')).toEqual(recordWith('a'));
    });

    test.each<[string, unknown]>([
      ['an empty list', []],
      ['undefined', undefined],
      ['a list of 16 bytes', [new Uint8Array(16)]],
      ['a list of strings', ['secret']],
      ['a list of undefined', [undefined]],
    ])('keys given as %s are refused', (_, keys) => {
      expect(() => encryptedStore(memoryStore(), { keys: keys as never })).toThrow('keys: expected');
    });
  });
});
