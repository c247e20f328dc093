import promises from 'node:fs/promises';
import timers from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { patiently } from '../src/disk.js';
import { fileStore } from '../src/index.js';
import { asWindows } from './support/as-windows.js';
import { record } from './support/record.js';
import { replaceBuiltin } from './support/replace-builtin.js';
import { TemporaryDirectory } from './support/temporary-directory.js';

describe('a file that a scanner on Windows holds', { tags: ['fault-67'] }, () => {
  const directory = new TemporaryDirectory();
  const busy = (code: string) => Object.assign(new Error('busy'), { code });

  test('is waited for', async () => {
    const answers: (() => string)[] = ['EBUSY', 'EPERM', 'EACCES'].map((code) => () => {
      throw busy(code);
    });
    answers.push(() => 'done');
    expect(await patiently(async () => answers.shift()?.(), 'win32')).toBe('done');
  });

  test('is waited for two seconds, and on other platforms not at all', async () => {
    // Each pause takes no time here and is added to the clock.
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    replaceBuiltin(
      timers,
      'setTimeout',
      () =>
        (async (delayMs: number) => {
          now += delayMs;
        }) as never,
    );
    const refused = vi.fn(async () => {
      throw busy('EPERM');
    });
    await expect(patiently(refused, 'linux')).rejects.toThrow('busy');
    expect(refused).toHaveBeenCalledTimes(1);
    const startedAt = performance.now();
    await expect(patiently(refused, 'win32')).rejects.toThrow('busy');
    expect(performance.now() - startedAt).toBeLessThan(2_500);
    await expect(
      patiently(async () => {
        throw busy('ENOSPC');
      }, 'win32'),
    ).rejects.toThrow('busy');
    vi.restoreAllMocks();
  });

  test('delays a write, which then succeeds', async () => {
    asWindows();
    let isBusy = true;
    replaceBuiltin(promises, 'link', (real) => async (...args) => {
      if (isBusy) {
        isBusy = false;
        throw busy('EBUSY');
      }
      return real(...args);
    });
    const store = fileStore({ directory: directory.path });
    expect(await store.compareAndSet('scanned', undefined, record('a'))).toBe(true);
  });
});
