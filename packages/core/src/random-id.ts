/** 96 random bits in hex: names a token set or a record. */
export function randomId(): string {
  if (used === pool.length) {
    // Not randomUUID, which pages on plain http lack.
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += idBytes;
  return toHex(pool.subarray(used - idBytes, used));
}

const idBytes = 12;
/** Drawn for a hundred ids at once: a draw costs as much as making the other ninety-nine. */
const pool = new Uint8Array(100 * idBytes);
let used = pool.length;

/** Joined, not appended: appended text is kept as a tree of its parts. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
