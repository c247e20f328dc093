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
}));
const watchers = vi.hoisted(() => [] as EventEmitter[]);

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const refuse = (code: string): never => {
    throw Object.assign(new Error(code), { code });
  };
  return {
    ...real,
    link: async (...args: Parameters<typeof real.link>) =>
      refusals.link === undefined ? real.link(...args) : refuse(refusals.link),
    open: async (...args: Parameters<typeof real.open>) => {
      const file = await real.open(...args);
      if (refusals.sync !== undefined && (await file.stat()).isDirectory()) {
        file.sync = async () => refuse(refusals.sync as string);
      }
      return file;
    },
  };
});

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  watch: () => {
    const watcher = Object.assign(new EventEmitter(), { close: () => {} });
    watchers.push(watcher);
    return watcher;
  },
}));

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

test('a watcher that fails is an event, and the next listener starts another', () => {
  const events: AuthEvent[] = [];
  const store = fileStore({ directory, onEvent: (event) => events.push(event) });
  const stop = store.subscribe('key', () => {});
  watchers.at(-1)?.emit('error', Object.assign(new Error('no more watches'), { code: 'ENOSPC' }));
  expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe', reason: 'ENOSPC' }]);
  const before = watchers.length;
  let heard = 0;
  store.subscribe('key', () => heard++);
  expect(watchers).toHaveLength(before + 1);
  stop();
  // Not every platform says which file it was.
  watchers.at(-1)?.emit('change', 'rename', null);
  expect(heard).toBe(1);
});
