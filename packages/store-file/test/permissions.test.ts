import { chmodSync, cpSync, renameSync, statSync, symlinkSync } from 'node:fs';
import promises from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
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

describe.runIf(process.geteuid !== undefined)('what another user owns', { tags: ['fault-121'] }, () => {
  const own = process.geteuid?.() ?? 0;
  const other = own + 1;
  const reason = (path: string) =>
    `${path} belongs to another user (uid ${other}), and this program runs as uid ${own}`;

  test('a folder of the store is refused by its name, for a read, a write and a lease', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const folder = dirname(directory.fileOf('key'));
    replaceBuiltin(
      promises,
      'lstat',
      (real) =>
        (async (path: string) =>
          Object.assign(await real(path), path === folder ? { uid: other } : {})) as never,
    );
    await expect(store.get('key')).rejects.toThrow(reason(folder));
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow(reason(folder));
    await expect(store.lock('key', { signal: new AbortController().signal })).rejects.toThrow(reason(folder));
    expect(directory.files()).toHaveLength(1);
  });

  test('a file is refused by its name, and stays', async () => {
    const path = join(directory.path, 'account');
    const store = fileStore({ path });
    await store.compareAndSet('key', undefined, record('a'));
    let isOthers = true;
    replaceBuiltin(promises, 'open', (real) => async (...args) => {
      const file = await real(...args);
      const stats = Object.assign(await file.stat(), { uid: other });
      if (isOthers && args[0] === `${path}.g1`)
        Object.defineProperty(file, 'stat', { value: async () => stats });
      return file;
    });
    await expect(store.get('key')).rejects.toThrow(reason(`${path}.g1`));
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow(reason(`${path}.g1`));
    isOthers = false;
    expect(await store.get('key')).toEqual(record('a'));
    expect(directory.files()).toHaveLength(1);
  });

  test('a file system that gives our files another owner, as NFS may, works', async () => {
    vi.spyOn(process, 'geteuid').mockReturnValue(other);
    onTestFinished(() => void vi.restoreAllMocks());
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    expect(await store.get('key')).toEqual(record('a'));
    expect(await store.compareAndSet('key', 'a', record('b'))).toBe(true);
    expect(directory.files()).toHaveLength(1);
  });
});

test('a folder that is swapped for a link after the first look is refused by its name', {
  tags: ['fault-121'],
}, async () => {
  const store = open();
  await store.compareAndSet('key', undefined, record('a'));
  const folder = dirname(directory.fileOf('key'));
  const copy = join(directory.path, 'elsewhere');
  cpSync(folder, copy, { recursive: true });
  renameSync(folder, `${folder}-aside`);
  symlinkSync(copy, folder);
  await expect(store.get('key')).rejects.toThrow(`${folder} is no folder of its own`);
  await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow('no folder of its own');
});
