import { AuthError } from '@auth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { bounded } from '../src/index.js';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a call of an engine', () => {
  test('resolves to what its work does, and leaves no timer', async () => {
    const double = async (parts: number) => 2 * parts;
    expect(await bounded('engine', async () => 21, double)).toBe(42);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('that fails tells the code alone, unless the error is ours', async () => {
    const broken = Object.assign(new Error('password=hunter2'), { code: 'ECONNRESET' });
    const refused = bounded(
      'engine',
      async () => 1,
      () => Promise.reject(broken),
    );
    await expect(refused).rejects.toMatchObject({ code: 'queue_unavailable', detail: 'engine: ECONNRESET' });
    const disposed = new AuthError('disposed');
    await expect(
      bounded(
        'engine',
        () => Promise.reject(disposed),
        async () => 1,
      ),
    ).rejects.toBe(disposed);
  });

  test('ends in ten seconds although the engine does not answer', async () => {
    const call = bounded(
      'engine',
      async () => 1,
      () => new Promise(() => {}),
    );
    const refused = expect(call).rejects.toMatchObject({
      code: 'queue_unavailable',
      detail: 'engine: no answer in time',
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
  });

  test('that was refused does not begin when the engine is back', async () => {
    const ready = Promise.withResolvers<void>();
    const work = vi.fn(async () => {});
    const call = bounded('engine', () => ready.promise, work);
    const refused = expect(call).rejects.toMatchObject({ code: 'queue_unavailable' });
    await vi.advanceTimersByTimeAsync(10_000);
    await refused;
    ready.resolve();
    await vi.advanceTimersByTimeAsync(1);
    expect(work).not.toHaveBeenCalled();
  });
});
