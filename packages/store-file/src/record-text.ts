import type { TokenRecord } from '@auth/core';

/** What a file holds. */
export interface RecordFile {
  readonly key: string;
  readonly record: TokenRecord;
  /** Ids of the records before this one, newest first. */
  readonly replaced: readonly string[];
}

/** As many as others may write while one writer is between two steps, and still find out how its own write ended. */
export const rememberedIds = 32;

export function toText({ key, record, replaced }: RecordFile): string {
  return `${JSON.stringify({ v: 1, key, ...record, replaced })}\n`;
}

/** Undefined: torn, or not written by this store. */
export function fromText(text: string): RecordFile | undefined {
  try {
    const { v, key, id, value, evictAt, replaced } = JSON.parse(text) as Record<string, unknown>;
    if (v !== 1 || typeof key !== 'string' || typeof id !== 'string' || typeof value !== 'string') {
      return undefined;
    }
    if (!Array.isArray(replaced)) return undefined;
    const record = typeof evictAt === 'number' ? { id, value, evictAt } : { id, value };
    return { key, record, replaced };
  } catch {
    return undefined;
  }
}
