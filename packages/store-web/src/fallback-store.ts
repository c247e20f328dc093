import { isAuthError, type MaybePromise, type TokenRecord, type TokenStore } from '@auth/core';

/** A store that may refuse to keep records. */
export interface RefusingStore extends TokenStore {
  /** What stands under that id counts as nothing from now on. Must work when the store is full. */
  forget(key: string, id: string): MaybePromise<void>;
}

/** A failure that is not the browser's refusal to keep records: what is stored may be read a moment later. */
export function isPassing(error: unknown): boolean {
  return error instanceof DOMException && passing.has(error.name);
}

const passing: ReadonlySet<string> = new Set([
  'AbortError',
  'NotFoundError',
  'TransactionInactiveError',
  'UnknownError',
]);

/** A record that the first store refused. */
interface Detour {
  /** The id of the record it replaces in the first store; null: none; absent: the first store could not be read. */
  readonly replaces?: string | null;
  readonly record: TokenRecord;
}

/** The record that counts for a key, and what each store holds. */
interface Reading {
  readonly record: TokenRecord | undefined;
  /** The record in the first store; `'refused'` if that store cannot be read. */
  readonly standing: TokenRecord | undefined | 'refused';
  /** The id of what the second store holds. */
  readonly detourId: string | undefined;
}

/**
 * Keeps records in `first`, and those that `first` refuses in `second`. Failures that pass are thrown. A record in
 * `second` counts as long as the record it replaces is unchanged in `first`; the next write that succeeds in `first`
 * retires it.
 */
export function fallbackStore(
  first: RefusingStore,
  second: TokenStore,
  onRefused: (key: string, error: unknown) => void,
): TokenStore {
  let isRefusing = false;
  const refused = (key: string, error: unknown): void => {
    // One event until `first` accepts a write again.
    if (!isRefusing) onRefused(key, error);
    isRefusing = true;
  };

  const readFirst = async (key: string): Promise<Reading['standing']> => {
    try {
      return await first.get(key);
    } catch (error) {
      // The record exists but does not decrypt, or may exist: "no record" would mean signed out.
      if (isAuthError(error) || isPassing(error)) throw error;
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

  /** Overwrites a detour that no longer counts, so that it never counts again. */
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
          // The session saves again; what stands there stands.
          if (isPassing(error)) throw error;
          refused(key, error);
        }
        // Another tab, or this one after a reload, would take the old record for the current one.
        if (standing !== undefined) await first.forget(key, standing.id);
        detour = { replaces: (await first.get(key))?.id ?? null, record: next };
      }
      return second.compareAndSet(key, detourId, { id: next.id, value: JSON.stringify(detour) });
    },
  };
}

/** Replaces a retired detour in the second store. */
const over: TokenRecord = { id: 'over', value: '' };

function parse(value: string | undefined): Detour | undefined {
  try {
    return value === undefined ? undefined : (JSON.parse(value) as Detour);
  } catch {
    return undefined;
  }
}
