import { AuthError, isAuthError, type TokenRecord } from '@auth/core';

/** What a file holds. */
export interface RecordFile {
  readonly key: string;
  readonly record: TokenRecord;
  /** Ids of the records before this one, newest first. */
  readonly replaced: readonly string[];
}

/** A writer that this many other writes have overtaken can still tell whether its own write counted. */
export const rememberedIds = 32;

const laterVersion =
  'the file was written by a later version of @auth/store-file, which this one must not replace';

export function toText({ key, record, replaced }: RecordFile): string {
  return `${JSON.stringify({ v: 1, key, ...record, replaced })}\n`;
}

/** Undefined: torn, or not written by this store. @throws AuthError `store_failed` for a file of a later version */
export function fromText(text: string): RecordFile | undefined {
  try {
    const { v, key, id, value, evictAt, replaced } = JSON.parse(text) as Record<string, unknown>;
    if (typeof v === 'number' && v > 1) throw new AuthError('store_failed', { detail: laterVersion });
    if (v !== 1 || typeof key !== 'string' || typeof id !== 'string' || typeof value !== 'string') {
      return undefined;
    }
    if (!Array.isArray(replaced)) return undefined;
    const record = typeof evictAt === 'number' ? { id, value, evictAt } : { id, value };
    return { key, record, replaced };
  } catch (error) {
    if (isAuthError(error)) throw error;
    return undefined;
  }
}
