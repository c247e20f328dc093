import { isAuthError, type TokenRecord, type TokenStore } from '@auth/core';

/** A record that should be in the first store, and the one it replaces there. */
interface Detour {
  readonly replaces: string | null;
  readonly record: TokenRecord;
}

/**
 * Keeps records in `first`, and those that it refuses in `second`. A record kept there counts for as long as the one
 * it replaces stands unchanged in `first`, and moves back with the next write that succeeds.
 */
export function fallbackStore(
  first: TokenStore,
  second: TokenStore,
  onRefused: (key: string, error: unknown) => void,
): TokenStore {
  let isRefusing = false;
  const refused = (key: string, error: unknown): void => {
    // One event for as long as it lasts.
    if (!isRefusing) onRefused(key, error);
    isRefusing = true;
  };
  const readDetour = async (key: string): Promise<{ id?: string; detour?: Detour | undefined }> => {
    const record = await second.get(key);
    return record === undefined ? {} : { id: record.id, detour: parse(record.value) };
  };

  /** What stands in `first`; `'refused'` where it cannot be asked. */
  const readFirst = async (key: string): Promise<TokenRecord | undefined | 'refused'> => {
    try {
      return await first.get(key);
    } catch (error) {
      // A record that does not decrypt is there, and must not be passed by.
      if (isAuthError(error)) throw error;
      refused(key, error);
      return 'refused';
    }
  };

  /** What counts, and what `first` is to be asked to replace. */
  const read = async (
    key: string,
  ): Promise<{ record: TokenRecord | undefined; base: string | undefined }> => {
    const standing = await readFirst(key);
    const { detour } = await readDetour(key);
    if (detour !== undefined && (standing === 'refused' || (standing?.id ?? null) === detour.replaces)) {
      return { record: detour.record, base: detour.replaces ?? undefined };
    }
    const record = standing === 'refused' ? undefined : standing;
    return { record, base: record?.id };
  };

  return {
    get: async (key) => (await read(key)).record,

    async compareAndSet(key, expectedId, next) {
      const { record, base } = await read(key);
      if (record?.id !== expectedId) return false;
      try {
        const isSet = await first.compareAndSet(key, base, next);
        isRefusing = false;
        return isSet;
      } catch (error) {
        refused(key, error);
      }
      const detour: Detour = { replaces: base ?? null, record: next };
      const { id } = await readDetour(key);
      return second.compareAndSet(key, id, { id: next.id, value: JSON.stringify(detour) });
    },
  };
}

function parse(value: string): Detour | undefined {
  try {
    return JSON.parse(value) as Detour;
  } catch {
    return undefined;
  }
}
