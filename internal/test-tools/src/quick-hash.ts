import { afterAll, beforeAll, type MockInstance, vi } from 'vitest';

/**
 * Spares the tests of a file, or of one `describe`, the 0.3 s of a refused password's hash: the real
 * `crypto.subtle.deriveBits` runs with one iteration instead of those that were asked for.
 */
export function hashQuickly(): void {
  let replaced: MockInstance | undefined;

  beforeAll(() => {
    const deriveBits = crypto.subtle.deriveBits.bind(crypto.subtle);
    replaced = vi
      .spyOn(crypto.subtle, 'deriveBits')
      .mockImplementation((algorithm, key, length) =>
        deriveBits({ ...(algorithm as Pbkdf2Params), iterations: 1 }, key, length),
      );
  });

  afterAll(() => replaced?.mockRestore());
}
