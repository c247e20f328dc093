/** 96 random bits in hex: names a token set or a record. */
export function randomId(): string {
  // Not randomUUID, which pages on plain http lack. Not drawn ahead either: a machine that is restored from a snapshot
  // of its memory, twice, would give the same ids twice.
  return toHex(crypto.getRandomValues(new Uint8Array(12)));
}

export function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}
