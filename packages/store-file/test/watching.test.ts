import { EventEmitter } from 'node:events';
import fs from 'node:fs';
import { join } from 'node:path';
import type { AuthEvent } from '@auth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fileStore } from '../src/index.js';
import { Watching } from '../src/watching.js';
import { replaceBuiltin } from './support/replace-builtin.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();

/** Stands in for a watcher of the platform. */
class FakeWatcher extends EventEmitter {
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }
}

let watchers: FakeWatcher[];
/** What fs.watch throws in place of opening another watcher. */
let refusal: Error | undefined;

beforeEach(() => {
  watchers = [];
  refusal = undefined;
  const watch = (): FakeWatcher => {
    if (refusal !== undefined) throw refusal;
    const watcher = new FakeWatcher();
    watchers.push(watcher);
    return watcher;
  };
  replaceBuiltin(fs, 'watch', () => watch as never);
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

const noMoreWatches = () => Object.assign(new Error('no more watches'), { code: 'ENOSPC' });

describe('a watcher that fails', () => {
  test('is reported, and replaced', () => {
    const events: AuthEvent[] = [];
    const store = fileStore({ directory: directory.path, onEvent: (event) => events.push(event) });
    const stop = store.subscribe('key', () => {});
    watchers.at(-1)?.emit('error', noMoreWatches());
    expect(events).toMatchObject([{ type: 'store_failed', operation: 'subscribe', reason: 'ENOSPC' }]);
    const before = watchers.length;
    let heard = 0;
    store.subscribe('key', () => heard++);
    expect(watchers).toHaveLength(before);
    vi.advanceTimersByTime(5_000);
    // The listeners are told once: something may have changed while nobody watched.
    expect([watchers.length, heard]).toEqual([before + 1, 1]);
    stop();
    // Not every platform says which file it was.
    watchers.at(-1)?.emit('change', 'rename', null);
    expect(heard).toBe(2);
  });

  test('and cannot be replaced is reported again, and replaced as soon as that can be', () => {
    const events: AuthEvent[] = [];
    const store = fileStore({ directory: directory.path, onEvent: (event) => events.push(event) });
    let heard = 0;
    const stop = store.subscribe('key', () => heard++);
    watchers[0]?.emit('error', noMoreWatches());
    refusal = noMoreWatches();
    vi.advanceTimersByTime(5_000);
    expect(events.map(({ type }) => type)).toEqual(['store_failed', 'store_failed']);
    expect(heard).toBe(1);
    // Told once, however often it is tried.
    vi.advanceTimersByTime(10_000);
    expect(events).toHaveLength(2);
    refusal = undefined;
    vi.advanceTimersByTime(5_000);
    expect(watchers).toHaveLength(2);
    heard = 0;
    watchers[1]?.emit('change', 'rename', null);
    expect(heard).toBe(1);
    stop();
    expect(watchers[1]?.isClosed).toBe(true);
  });

  test('and cannot be replaced is tried every five seconds, however many listeners come meanwhile', () => {
    const store = fileStore({ directory: directory.path });
    let heard = 0;
    store.subscribe('key', () => heard++);
    refusal = noMoreWatches();
    watchers[0]?.emit('error', noMoreWatches());
    vi.advanceTimersByTime(5_000);
    for (let listener = 0; listener < 20; listener++) store.subscribe('key', () => {});
    heard = 0;
    vi.advanceTimersByTime(30_000);
    expect(heard).toBe(0);
    expect(vi.getTimerCount()).toBe(1);
    refusal = undefined;
    vi.advanceTimersByTime(5_000);
    expect([watchers.length, heard]).toEqual([2, 1]);
  });

  test('and could not be replaced is replaced by the next listener at once', () => {
    const store = fileStore({ directory: directory.path });
    store.subscribe('key', () => {});
    refusal = noMoreWatches();
    watchers[0]?.emit('error', noMoreWatches());
    vi.advanceTimersByTime(5_000);
    refusal = undefined;
    store.subscribe('key', () => {});
    expect(watchers).toHaveLength(2);
    vi.advanceTimersByTime(10_000);
    expect(watchers).toHaveLength(2);
  });

  test('is not replaced once the store is disposed', async () => {
    const store = fileStore({ directory: directory.path });
    store.subscribe('key', () => {});
    watchers[0]?.emit('error', noMoreWatches());
    await store[Symbol.asyncDispose]();
    vi.advanceTimersByTime(5_000);
    expect(watchers).toHaveLength(1);
  });
});

describe('the watcher of a folder', () => {
  const place = (name: string) => ({ directory: directory.path, name });

  test('is closed when the last listener leaves, and nobody hears of what it still reports', () => {
    const watching = new Watching(() => expect.unreachable());
    let heard = 0;
    const stops = ['one', 'other'].map((name) => watching.subscribe(place(name), () => heard++));
    expect(watchers).toHaveLength(1);
    stops[0]?.();
    expect(watchers[0]?.isClosed).toBe(false);
    stops[1]?.();
    expect(watchers[0]?.isClosed).toBe(true);
    watching.subscribe(place('one'), () => heard++);
    watchers[0]?.emit('change', 'rename', 'one.g1');
    expect(heard).toBe(0);
    watchers[1]?.emit('change', 'rename', 'one.g1');
    expect(heard).toBe(1);
  });

  test('does not hide a generation that this store failed to write: another process wrote it', () => {
    const watching = new Watching(() => expect.unreachable());
    let heard = 0;
    watching.subscribe(place('key'), () => heard++);
    const endOwnWrite = watching.begin(place('key'), 1);
    fs.writeFileSync(join(directory.path, 'key.g1'), '');
    watchers[0]?.emit('change', 'rename', 'key.g1');
    expect(heard).toBe(0);
    endOwnWrite(false);
    expect(heard).toBe(1);
  });
});
