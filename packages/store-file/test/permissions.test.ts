import { chmodSync, statSync } from 'node:fs';
import promises from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileStore } from '../src/index.js';
import { record } from './support/record.js';
import { replaceBuiltin } from './support/replace-builtin.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();
const open = () => fileStore({ directory: directory.path });

describe('permissions', { tags: ['fault-70'] }, () => {
  test('with umask 000, files and folders are still for their owner alone', async () => {
    const before = process.umask(0);
    try {
      await open().compareAndSet('key', undefined, record('a'));
    } finally {
      process.umask(before);
    }
    const file = directory.fileOf('key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  });

  test('a folder of the store that others could write to is tightened, and the user’s own stays as it is', async () => {
    await open().compareAndSet('key', undefined, record('a'));
    const folder = dirname(directory.fileOf('key'));
    for (const path of [folder, directory.path]) chmodSync(path, 0o777);
    await open().get('key');
    expect([folder, directory.path].map((path) => statSync(path).mode & 0o777)).toEqual([0o700, 0o777]);
  });

  test('an old file that others could read is tightened when it is read', async () => {
    await open().compareAndSet('key', undefined, record('a'));
    chmodSync(directory.fileOf('key'), 0o644);
    expect(await open().get('key')).toEqual(record('a'));
    expect(statSync(directory.fileOf('key')).mode & 0o777).toBe(0o600);
  });

  test('a file is for its owner alone from its first byte', async () => {
    const modes: unknown[] = [];
    replaceBuiltin(promises, 'open', (real) => async (...args) => {
      const file = await real(...args);
      if (String(args[0]).includes('.tmp-')) modes.push(args[2]);
      return file;
    });
    await open().compareAndSet('other', undefined, record('a'));
    expect(modes).toEqual([0o600]);
  });
});
