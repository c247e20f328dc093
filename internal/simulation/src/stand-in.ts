import type { Random } from './random.ts';

/**
 * Replaces the platform's random numbers with seeded ones, and the slow hash, which takes real time, with a quick one.
 * Returns a function that restores both.
 */
export function standIn(random: Random): () => void {
  const { crypto: realCrypto, Math: realMath } = globalThis;
  const realRandom = realMath.random;
  const subtle = {
    digest: async (_algorithm: string, data: Uint8Array) => hash(data).buffer,
    importKey: async (_format: string, data: Uint8Array) => data,
    deriveBits: async ({ salt }: { salt: Uint8Array }, data: Uint8Array) => hash(data, salt).buffer,
  };
  const getRandomValues = (bytes: Uint8Array): Uint8Array => {
    for (let index = 0; index < bytes.length; index++) bytes[index] = random.between(0, 255);
    return bytes;
  };
  Object.defineProperty(globalThis, 'crypto', { configurable: true, value: { subtle, getRandomValues } });
  realMath.random = () => random.next();
  return () => {
    Object.defineProperty(globalThis, 'crypto', { configurable: true, value: realCrypto });
    realMath.random = realRandom;
  };
}

/** FNV-1a, spread over 32 bytes: different secrets, different hashes. */
function hash(...parts: readonly Uint8Array[]): Uint8Array {
  let state = 0x811c9dc5;
  for (const part of parts) {
    for (const byte of part) state = Math.imul(state ^ byte, 0x01000193) >>> 0;
  }
  return Uint8Array.from({ length: 32 }, (_, index) => {
    state = Math.imul(state ^ index, 0x01000193) >>> 0;
    return state >>> 24;
  });
}
