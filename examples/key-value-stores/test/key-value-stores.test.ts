import { keyValueStore } from '@auth/core';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { tokenStoreSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import Keyv from 'keyv';
import { createStorage } from 'unstorage';
import { describe, expect, test } from 'vitest';

/** Each becomes a token store in one line. */
const stores = {
  Keyv: () => keyValueStore(new Keyv<string>()),
  unstorage: () => keyValueStore(createStorage<string>()),
  'a Map': () => keyValueStore(new Map<string, string>()),
};

describe.each(Object.entries(stores))('%s', (_, createStore) => {
  tokenStoreSuite(test, createStore);

  test('a program started later finds the tokens there', async () => {
    const { passwordRefresh, fetch } = createEmulator();
    const store = createStore();
    for (let start = 0; start < 3; start++) {
      // A separate store object stands for a separate process.
      const auth = createPasswordRefreshAuth({ ...passwordRefresh.options, fetch, store: { ...store } });
      expect((await auth.fetch(passwordRefresh.apiUrl)).status).toBe(200);
      auth.dispose();
    }
    expect(passwordRefresh.ledger.logins).toBe(1);
  });
});

test('get-then-set is not atomic: two writers at the same moment both believe that they have won', async () => {
  const map = new Map<string, string>();
  const slow = () => ({
    get: async (key: string) => {
      const value = map.get(key);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return value;
    },
    set: async (key: string, value: string) => void map.set(key, value),
  });
  const [first, second] = [keyValueStore(slow()), keyValueStore(slow())];
  const wins = await Promise.all([
    first.compareAndSet('key', undefined, { id: 'a', value: 'first' }),
    second.compareAndSet('key', undefined, { id: 'b', value: 'second' }),
  ]);
  expect(wins).toEqual([true, true]);
});
