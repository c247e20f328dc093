import { execFile } from 'node:child_process';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { fileStore } from '../src/index.js';
import { record } from './support/record.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

const directory = new TemporaryDirectory();
const open = () => fileStore({ directory: directory.path });

describe('a listener', () => {
  const heardWithin = async (heard: () => number, ms: number): Promise<number> => {
    const until = performance.now() + ms;
    while (heard() === 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    return heard();
  };

  test('hears of each write of another store once, and of none of its own', async () => {
    await using store = open();
    await using other = open();
    let heard = 0;
    store.subscribe('key', () => heard++);
    await store.compareAndSet('key', undefined, record('a'));
    await store.compareAndSet('key', 'a', record('b'));
    expect(await heardWithin(() => heard, 100)).toBe(0);
    await other.compareAndSet('key', 'b', record('c'));
    expect(await heardWithin(() => heard, 2_000)).toBe(1);
    await other.compareAndSet('another', undefined, record('d'));
    await other.compareAndSet('key', 'c', record('e'));
    await vi.waitFor(() => expect(heard).toBe(2), 10_000);
  });

  test('hears of writes in a folder that was removed and made again', async () => {
    await using store = open();
    await using other = open();
    let heard = 0;
    await other.compareAndSet('key', undefined, record('a'));
    store.subscribe('key', () => heard++);
    rmSync(directory.path, { recursive: true });
    expect(await heardWithin(() => heard, 2_000)).toBeGreaterThan(0);
    const before = heard;
    await other.compareAndSet('key', undefined, record('b'));
    expect(await heardWithin(() => heard - before, 2_000)).toBeGreaterThan(0);
  });

  test('two that watch a folder both hear of writes after it was removed and made again', async () => {
    await using first = open();
    await using second = open();
    await using other = open();
    await other.compareAndSet('key', undefined, record('a'));
    const heard = [0, 0];
    for (const [index, store] of [first, second].entries())
      store.subscribe('key', () => (heard[index] = (heard[index] ?? 0) + 1));
    rmSync(directory.path, { recursive: true });
    await vi.waitFor(() => expect(Math.min(...heard)).toBeGreaterThan(0), 10_000);
    // Both have opened another watcher by now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    heard.fill(0);
    await other.compareAndSet('key', undefined, record('b'));
    await vi.waitFor(() => expect(Math.min(...heard)).toBeGreaterThan(0), 10_000);
  });

  test('hears of writes after somebody has removed the file of the account alone', async () => {
    const path = join(directory.path, 'tokens.json');
    await using store = fileStore({ path });
    await using other = fileStore({ path });
    await other.compareAndSet('key', undefined, record('a'));
    await other.compareAndSet('key', 'a', record('b'));
    let heard = 0;
    store.subscribe('key', () => heard++);
    await other.compareAndSet('key', 'b', record('c'));
    expect(await heardWithin(() => heard, 10_000)).toBe(1);
    for (const file of readdirSync(directory.path)) rmSync(join(directory.path, file), { recursive: true });
    await vi.waitFor(() => expect(heard).toBe(2), 10_000);
    expect(await store.get('key')).toBeUndefined();
    await other.compareAndSet('key', undefined, record('d'));
    await vi.waitFor(() => expect(heard).toBe(3), 10_000);
  });

  test('hears nothing after it has unsubscribed, or after the store was disposed', async () => {
    const store = open();
    let heard = 0;
    const count = (): void => void heard++;
    const stop = store.subscribe('key', count);
    store.subscribe('key', count);
    stop();
    stop();
    await using other = open();
    await other.compareAndSet('key', undefined, record('a'));
    expect(await heardWithin(() => heard, 2_000)).toBe(1);
    await store[Symbol.asyncDispose]();
    await other.compareAndSet('key', 'a', record('b'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(heard).toBe(1);
  });

  test('does not keep its process alive, and neither does a lease', { tags: ['fault-84'] }, async () => {
    const script = join(import.meta.dirname, 'support', 'subscribe-and-end.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, directory.path], {
      timeout: 10_000,
    });
    expect(stdout).toBe('listening');
  });
});
