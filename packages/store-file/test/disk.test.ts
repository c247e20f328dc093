import { closeSync, openSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { moveAside } from '../src/disk.js';
import { fileStore } from '../src/index.js';
import { asWindows } from './support/as-windows.js';
import { record } from './support/record.js';
import { replaceBuiltin } from './support/replace-builtin.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();
const open = () => fileStore({ directory: directory.path });

/** Lets a function of the file system fail with that code, as long as `isRefused` says so. */
function refuse(name: 'link' | 'open' | 'rename', code: string, isRefused = (): boolean => true): void {
  const refusing =
    (real: (...args: unknown[]) => unknown) =>
    async (...args: unknown[]) => {
      if (isRefused()) throw Object.assign(new Error(code), { code });
      return real(...args);
    };
  replaceBuiltin(promises, name, refusing as never);
}

describe('hard links', () => {
  test('a file system without them is named as the reason', async () => {
    let isRefused = true;
    refuse('link', 'EPERM', () => isRefused);
    const store = open();
    await expect(store.compareAndSet('key', undefined, record('a'))).rejects.toThrow(
      'a hard link failed (EPERM)',
    );
    isRefused = false;
    expect(await store.get('key')).toBeUndefined();
  });

  test.each(['EPERM', 'ENOTSUP', 'ENOSYS', 'EIO', 'EISDIR', 'EINVAL', 'UNKNOWN'])(
    'a file system that says %s to a link is named as the reason, with its word',
    { tags: ['fault-121'] },
    async (code) => {
      refuse('link', code);
      const writing = open().compareAndSet('key', undefined, record('a'));
      await expect(writing).rejects.toThrow(`a hard link failed (${code})`);
      expect(directory.files()).toEqual([]);
    },
  );

  test('any other failure is passed on, and leaves no temporary file', async () => {
    refuse('link', 'ENOSPC');
    await expect(open().compareAndSet('key', undefined, record('a'))).rejects.toThrow('ENOSPC');
    expect(directory.files()).toEqual([]);
  });
});

test.runIf(process.platform === 'linux')('a folder that nobody can make is an error', async () => {
  const store = fileStore({ directory: '/proc/nowhere/auth-tokens' });
  await expect(store.compareAndSet('key', undefined, record('a'))).rejects.toThrow('ENOENT');
  expect(() => store.subscribe('key', () => {})).toThrow('ENOENT');
});

test('a folder whose parent is a link that leads nowhere is an error', async () => {
  const link = join(directory.path, 'link');
  symlinkSync(join(directory.path, 'nowhere'), link);
  const store = fileStore({ directory: join(link, 'tokens') });
  await expect(store.compareAndSet('key', undefined, record('a'))).rejects.toThrow('ENOENT');
});

describe('writing to the disk', () => {
  /** Gives opened files another descriptor for fsync(2), which fails on it. */
  const breakSync = (isConcerned: (path: string) => boolean, descriptor: () => number): void =>
    replaceBuiltin(promises, 'open', (real) => async (...args) => {
      const file = await real(...args);
      if (isConcerned(String(args[0]))) Object.defineProperty(file, 'fd', { value: descriptor() });
      return file;
    });
  const isTemporary = (path: string): boolean => path.includes('.tmp-');
  /** No process has so many files open: EBADF. */
  const badDescriptor = 2 ** 31 - 1;

  test('a file system that cannot sync a folder will do, one whose sync fails is an error', async () => {
    const store = open();
    const device = openSync('/dev/null', 'r');
    onTestFinished(() => closeSync(device));
    let descriptor = device;
    breakSync(
      (path) => !isTemporary(path) && !/\.g\d+$/.test(path),
      () => descriptor,
    );
    // fsync(2) on a device is EINVAL.
    expect(await store.compareAndSet('key', undefined, record('a'))).toBe(true);
    descriptor = badDescriptor;
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow('EBADF');
  });

  test('a record that is not surely on the disk is not put in place', { tags: ['fault-22'] }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    let isBroken = true;
    breakSync(
      (path) => isBroken && isTemporary(path),
      () => badDescriptor,
    );
    await expect(store.compareAndSet('key', 'a', record('b'))).rejects.toThrow('EBADF');
    isBroken = false;
    expect(await store.get('key')).toEqual(record('a'));
  });
});

describe('reading', () => {
  test('a file that may not be opened is an error, and no empty key', async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    refuse('open', 'EACCES');
    await expect(store.get('key')).rejects.toThrow('EACCES');
    await expect(store.compareAndSet('key', undefined, record('b'))).rejects.toThrow('EACCES');
  });

  test('a file where the directory should be is an error, and no empty key', async () => {
    const file = join(directory.path, 'file');
    writeFileSync(file, '');
    await expect(fileStore({ directory: file }).get('key')).rejects.toThrow('ENOTDIR');
  });

  test('on Windows, which opens what a symbolic link points to, the link is found out afterwards', {
    tags: ['fault-71'],
  }, async () => {
    const store = open();
    await store.compareAndSet('key', undefined, record('a'));
    const file = directory.fileOf('key');
    const target = join(directory.path, 'target');
    renameSync(file, target);
    symlinkSync(target, file);
    asWindows();
    replaceBuiltin(promises, 'open', (real) => (path) => real(path, 'r'));
    expect(await store.get('key')).toEqual({ id: 'unreadable-1', value: '' });
  });
});

describe('setting a file aside', () => {
  test('that another process has just moved changes nothing', async () => {
    const file = join(directory.path, 'file');
    expect(await moveAside(file, `${file}.aside`)).toBe(false);
  });

  test('is an error where the file system refuses it', async () => {
    refuse('rename', 'EROFS');
    const file = join(directory.path, 'file');
    await expect(moveAside(file, `${file}.aside`)).rejects.toThrow('EROFS');
  });
});
