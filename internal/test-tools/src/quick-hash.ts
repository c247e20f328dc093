import { createHash, KeyObject } from 'node:crypto';
import { afterAll, beforeAll, type MockInstance, vi } from 'vitest';

/**
 * Spares the tests of a file, or of one `describe`, the 0.3 s of a refused password's hash, and the platform's threads
 * that make it: a clock that a test moves does not wait for them. One SHA-256 stands for all iterations of PBKDF2.
 */
export function hashQuickly(): void {
  const replaced: MockInstance[] = [];

  beforeAll(() => {
    const { subtle } = crypto;
    replaced.push(
      vi.spyOn(subtle, 'digest').mockImplementation(async (_, data) => sha256(data as Uint8Array)),
      vi.spyOn(subtle, 'deriveBits').mockImplementation(async (algorithm, key) => {
        const { salt } = algorithm as Pbkdf2Params;
        return sha256(salt as Uint8Array, KeyObject.from(key).export());
      }),
    );
  });

  afterAll(() => {
    for (const mock of replaced.splice(0)) mock.mockRestore();
  });
}

function sha256(...parts: readonly Uint8Array[]): ArrayBuffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest()).buffer;
}
