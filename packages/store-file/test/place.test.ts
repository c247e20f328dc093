import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { fileStore } from '../src/index.js';
import { defaultDirectory } from '../src/place.js';
import { record } from './support/record.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();

test('keys that are paths, differ in case alone or hold half a character stay apart and in the directory', {
  tags: ['fault-72'],
}, async () => {
  const store = fileStore({ directory: directory.path });
  const keys = [
    '../x',
    '/etc/x',
    'a/b',
    'a_b',
    'A_B',
    'k'.repeat(300),
    '\ud800',
    '\udc00',
    '\ufffd',
    'nul',
    'x.lock',
  ];
  for (const key of keys) expect(await store.compareAndSet(key, undefined, record(key))).toBe(true);
  for (const key of keys) expect(await store.get(key)).toEqual(record(key));
  const names = directory.files().map((path) => path.slice(directory.path.length + 1));
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(keys.length);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{2}\/[0-9a-f]{62}\.g1$/);
});

describe('the default directory', () => {
  test.each([
    ['linux', { XDG_STATE_HOME: '/state' }, '/state/auth-tokens'],
    ['linux', { XDG_STATE_HOME: 'not/absolute' }, `${process.env['HOME']}/.local/state/auth-tokens`],
    ['freebsd', {}, `${process.env['HOME']}/.local/state/auth-tokens`],
    ['darwin', {}, `${process.env['HOME']}/Library/Application Support/auth-tokens`],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/auth-tokens'],
    ['win32', {}, `${process.env['HOME']}/AppData/Local/auth-tokens`],
  ])('%s %o', (platform, environment, expected) => {
    expect(defaultDirectory(platform, environment)).toBe(expected);
  });

  test('is not below the folder where a program was started, if HOME is empty or relative', () => {
    for (const home of ['', 'relative']) {
      vi.stubEnv('HOME', home);
      expect(defaultDirectory('linux', {})).toMatch(/^\/.*\/.local\/state\/auth-tokens$/);
      vi.unstubAllEnvs();
    }
  });

  test('is used', async () => {
    vi.stubEnv('XDG_STATE_HOME', directory.path);
    try {
      await fileStore().compareAndSet('key', undefined, record('a'));
    } finally {
      vi.unstubAllEnvs();
    }
    expect(directory.files()).toEqual([expect.stringContaining(join(directory.path, 'auth-tokens'))]);
  });
});
