import { isAuthError, type MaybePromise, type TokenRecord, type TokenStore } from '@auth/core';

/** A store that may refuse to keep records. */
export interface RefusingStore extends TokenStore {
  /** Lets go of the record with that id. It needs no room. */
  forget(key: string, id: string): MaybePromise<void>;
}

/** A record that should be in the first store. */
interface Detour {
  /** The id of what it replaces there, null for nothing; absent where that could not be found out. */
  readonly replaces?: string | null;
  readonly record: TokenRecord;
}

/** What counts for a key, and where a write has to begin. */
interface Reading {
  readonly record: TokenRecord | undefined;
  /** What stands in the first store; `'refused'` where it cannot be asked. */
  readonly standing: TokenRecord | undefined | 'refused';
  /** What stands in the second. */
  readonly detourId: string | undefined;
}

/**
 * Keeps records in `first`, and those that it refuses in `second`. A record kept there counts for as long as what it
 * replaces stands unchanged in `first`, and goes with the next write that succeeds there.
 */
export function fallbackStore(
  first: RefusingStore,
  second: TokenStore,
  onRefused: (key: string, error: unknown) => void,
): TokenStore {
  let isRefusing = false;
  const refused = (key: string, error: unknown): void => {
    // One event for as long as it lasts.
    if (!isRefusing) onRefused(key, error);
    isRefusing = true;
  };

  const readFirst = async (key: string): Promise<Reading['standing']> => {
    try {
      return await first.get(key);
    } catch (error) {
      // A record that does not decrypt is there, and must not be passed by.
      if (isAuthError(error)) throw error;
      refused(key, error);
      return 'refused';
    }
  };

  const read = async (key: string): Promise<Reading> => {
    const standing = await readFirst(key);
    const kept = await second.get(key);
    const detour = parse(kept?.value);
    if (detour === undefined) {
      return { record: standing === 'refused' ? undefined : standing, standing, detourId: kept?.id };
    }
    const counts =
      standing === 'refused' || detour.replaces === undefined || detour.replaces === (standing?.id ?? null);
    if (counts) return { record: detour.record, standing, detourId: kept?.id };
    return { record: standing, standing, detourId: await retire(key, kept?.id) };
  };

  /** Empties a detour that is over, so that it never counts again. */
  const retire = async (key: string, detourId: string | undefined): Promise<string | undefined> => {
    if (detourId === undefined || detourId === over.id) return detourId;
    await second.compareAndSet(key, detourId, over);
    return over.id;
  };

  return {
    get: async (key) => (await read(key)).record,

    async compareAndSet(key, expectedId, next) {
      const { record, standing, detourId } = await read(key);
      if (record?.id !== expectedId) return false;
      let detour: Detour = { record: next };
      if (standing !== 'refused') {
        try {
          const isSet = await first.compareAndSet(key, standing?.id, next);
          isRefusing = false;
          if (isSet) await retire(key, detourId);
          return isSet;
        } catch (error) {
          refused(key, error);
        }
        // Left there, it would be taken for the current one by the next tab, and after a reload.
        if (standing !== undefined) await first.forget(key, standing.id);
        detour = { replaces: (await first.get(key))?.id ?? null, record: next };
      }
      return second.compareAndSet(key, detourId, { id: next.id, value: JSON.stringify(detour) });
    },
  };
}

/** Stands in the second store where a detour was. */
const over: TokenRecord = { id: 'over', value: '' };

function parse(value: string | undefined): Detour | undefined {
  try {
    return value === undefined ? undefined : (JSON.parse(value) as Detour);
  } catch {
    return undefined;
  }
}
