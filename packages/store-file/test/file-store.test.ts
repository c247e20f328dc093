import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuthEvent } from '@auth/core';
import { describe, expect, test } from 'vitest';
import { fileStore } from '../src/index.js';
import { record } from './support/record.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();

describe('the option path', () => {
  const path = () => join(directory.path, 'tokens.json');

  test('names the files of one account', async () => {
    const store = fileStore({ path: path() });
    await store.compareAndSet('key', undefined, record('a'));
    const lease = await store.lock('key', { signal: new AbortController().signal });
    expect(readdirSync(directory.path).sort()).toEqual(['tokens.json.g1', 'tokens.json.lock.g1']);
    await lease.release();
    expect(await fileStore({ path: path() }).get('key')).toEqual(record('a'));
  });

  test('serves one account: a second one is refused, and the first loses nothing', async () => {
    const store = fileStore({ path: path() });
    await store.compareAndSet('ada', undefined, record('a'));
    await expect(store.get('bob')).rejects.toThrow('holds the tokens of another account; use directory');
    await expect(store.compareAndSet('bob', undefined, record('b'))).rejects.toThrow('another account');
    expect(await store.get('ada')).toEqual(record('a'));
  });

  test('leaves a copy alone that somebody made beside the file', async () => {
    const store = fileStore({ path: path() });
    await store.compareAndSet('key', undefined, record('a'));
    const copy = `${path()}.20261122`;
    writeFileSync(copy, readFileSync(`${path()}.g1`));
    await store.compareAndSet('key', 'a', record('b'));
    expect(await store.get('key')).toEqual(record('b'));
    expect(existsSync(copy)).toBe(true);
  });

  test('sets an unreadable file aside', async () => {
    const events: AuthEvent[] = [];
    const store = fileStore({ path: path(), onEvent: (event) => events.push(event) });
    writeFileSync(`${path()}.g3`, 'no record');
    expect(await store.compareAndSet('key', 'unreadable-3', record('a'))).toBe(true);
    expect(events.map(({ type }) => type)).toEqual(['record_set_aside']);
  });
});

test.each([
  [{ directory: '' }, 'directory: expected a path'],
  [{ path: 7 as never }, 'path: expected a path'],
  [{ path: 'a\0b' }, 'path: expected a path'],
  [{ directory: 'a', path: 'b' }, 'directory, path: expected one of them'],
  [{ leaseMs: 10 }, 'leaseMs: expected'],
])('a wrong option is named in the error: %o', (options, message) => {
  expect(() => fileStore(options)).toThrow(message);
});
