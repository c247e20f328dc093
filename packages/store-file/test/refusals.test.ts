import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthEvent } from '@auth/core';
import { afterAll, expect, test, vi } from 'vitest';
import { fileStore } from '../src/index.js';

const refusals = vi.hoisted(() => ({
  link: undefined as string | undefined,
  sync: undefined as string | undefined,
  fileSync: undefined as string | undefined,
  once: undefined as string | undefined,
}));
/** Files and folders that are open and will not be synced, by number. */
const unsynced = vi.hoisted(() => new Map<number, string>());
const modes = vi.hoisted(() => [] as unknown[]);
const watchers = vi.hoisted(() => [] as EventEmitter[]);

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refuse = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    ...real,
    link: async (...args: Parameters<typeof real.link>) => {
      const { link = refusals.once } = refusals;
      refusals.once = undefined;
      return link === undefined ? real.link(...args) : refuse(link);
    },
    open: async (...args: Parameters<typeof real.open>) => {
      const file = await real.open(...args);
      const isTemporary = String(args[0]).includes('.tmp-');
      if (isTemporary) modes.push(args[2]);
      const code = isTemporary ? refusals.fileSync : refusals.sync;
      if (code !== undefined && (isTemporary || (await file.stat()).isDirectory())) {
        unsynced.set(file.fd, code);
      }
      return file;
    },
  };
});

vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return {
    ...real,
    watch: () => {
      const watcher = Object.assign(new EventEmitter(), { close: () => {} });
      watchers.push(watcher);
      return watcher;
    },
    fsync: (file: number, done: (error: Error | null) => void) => {
      const code = unsynced.get(file);
      // The number is another file's next.
      unsynced.delete(file);
      if (code === undefined) real.fsync(file, done);
      else done(Object.assign(new Error(code), { code }));
    },
  };
});

const directory = mkdtempSync(join(tmpdir(), 'file-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('a file system without hard links is named as what it is', async () => {
  refusals.link = 'EPERM';
  const store = fileStore({ directory });
  await expect(store.compareAndSet('key', undefined, { id: 'a', value: '' })).rejects.toThrow(
    'refuses hard links',
  );
  refusals.link = undefined;
  expect(await store.get('key')).toBeUndefined();
});

test('one that cannot sync a folder will do, one that fails to is an error', async () => {
  const store = fileStore({ directory });
  refusals.sync = 'EINVAL';
  expect(await store.compareAndSet('key', undefined, { id: 'a', value: '' })).toBe(true);
  refusals.sync = 'EIO';
  await expect(store.compareAndSet('key', 'a', { id: 'b', value: '' })).rejects.toThrow('EIO');
  refusals.sync = undefined;
});

test('a file is for its owner alone from its first byte', { tags: ['fault-70'] }, async () => {
  modes.length = 0;
  await fileStore({ directory }).compareAndSet('other', undefined, { id: 'a', value: '' });
  expect(modes).toEqual([0o600]);
});

test('a record that is not surely on the disk is not put in place', { tags: ['fault-22'] }, async () => {
  const store = fileStore({ directory });
  await store.compareAndSet('synced', undefined, { id: 'a', value: '' });
  refusals.fileSync = 'EIO';
  await expect(store.compareAndSet('synced', 'a', { id: 'b', value: '' })).rejects.toThrow('EIO');
  refusals.fileSync = undefined;
  expect(await store.get('synced')).toEqual({ id: 'a', value: '' });
});

test('on Windows a write outlasts a scanner that holds the file for a moment', {
  tags: ['fault-67'],
}, async () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform') as PropertyDescriptor;
  const store = fileStore({ directory });
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' });
  try {
    refusals.once = 'EBUSY';
    expect(await store.compareAndSet('scanned', undefined, { id: 'a', value: '' })).toBe(true);
  } finally {
    Object.defineProperty(process, 'platform', platform);
  }
});

test('a watcher that fails is an event, and is replaced', () => {
  vi.useFakeTimers();
  const events: AuthEvent[] = [];
  const store = fileStore({ directory, onEvent: (event) => events.push(event) });
  const stop = store.subscribe('key', () => {});
  watchers.at(-1)?.emit('error', Object.assign(new Error('no more watches'), { code: 'ENOSPC' }));
  expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe', reason: 'ENOSPC' }]);
  const before = watchers.length;
  let heard = 0;
  store.subscribe('key', () => heard++);
  expect(watchers).toHaveLength(before);
  vi.advanceTimersByTime(5_000);
  vi.useRealTimers();
  // What changed meanwhile went by unseen.
  expect([watchers.length, heard]).toEqual([before + 1, 1]);
  stop();
  // Not every platform says which file it was.
  watchers.at(-1)?.emit('change', 'rename', null);
  expect(heard).toBe(2);
});
