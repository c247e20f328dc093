/** 96 random bits in hex: names a token set or a record. */
export function randomId(): string {
  // Not randomUUID, which pages on plain http lack. Not drawn ahead either: a machine that is restored from a snapshot
  // of its memory, twice, would give the same ids twice.
  return toHex(crypto.getRandomValues(new Uint8Array(12)));
}

export function toHex(bytes: Uint8Array): string {
  // By codes, because a text that is added up stays a chain of its parts in memory.
  const codes: number[] = [];
  for (const byte of bytes) codes.push(digitOf(byte >> 4), digitOf(byte & 15));
  return String.fromCharCode(...codes);
}

/** The character code of a hexadecimal digit. */
function digitOf(value: number): number {
  return value < 10 ? 48 + value : 87 + value;
}
