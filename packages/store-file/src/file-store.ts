import { AuthError, type AuthEvent, leasedStore, reasonOf, storeEvents, type TokenStore } from '@auth/core';
import { processOwner } from './owner.js';
import { atPath, defaultDirectory, inDirectory, type Placing } from './place.js';
import { RecordFiles } from './record-files.js';
import { Watching } from './watching.js';

/** Options of {@link fileStore}. */
export interface FileStoreOptions {
  /**
   * The folder for any number of accounts. Default: `auth-tokens` in the platform's folder for program state, which is
   * `$XDG_STATE_HOME` or `~/.local/state`, `~/Library/Application Support`, or `%LOCALAPPDATA%`.
   */
  readonly directory?: string | undefined;
  /** For a single account, in place of `directory`: the path that the names of its files begin with. */
  readonly path?: string | undefined;
  /** How long a lease holder that is frozen or on another machine blocks others, in milliseconds. Default 15 s. */
  readonly leaseMs?: number | undefined;
  /** Receives `record_set_aside` and, when watching fails, `store_failed`. */
  readonly onEvent?: ((event: AuthEvent) => void) | undefined;
}

/** A store in files. Disposing it ends its watchers; leases and files stay. */
export interface FileStore extends Required<Omit<TokenStore, 'dataId'>>, AsyncDisposable {}

/**
 * Keeps records in files that only their owner can read, shared by all processes on the machine: `compareAndSet` is
 * atomic across processes, and `lock` admits one at a time. On Linux the lease of a process that died is taken over at
 * once; elsewhere, and if the process is frozen, after `leaseMs`. Needs a file system with hard links.
 *
 * @throws AuthError `invalid_options`
 */
export function fileStore(options: FileStoreOptions = {}): FileStore {
  const { leaseMs, onEvent } = options;
  const placeOf = placing(options);
  const tell = storeEvents('store-file', onEvent);
  const watching = new Watching((error) =>
    tell({ type: 'store_failed', operation: 'subscribe', reason: reasonOf(error) }),
  );
  const common = {
    isOneAccount: options.path !== undefined,
    ownWrites: watching,
    onSetAside: (key: string, place: string) => tell({ type: 'record_set_aside', place }, key),
  } as const;
  const records = new RecordFiles({ ...common, placeOf, durable: true });
  const locks = new RecordFiles({ ...common, placeOf: besideRecords(placeOf), durable: false });
  const { lock } = leasedStore(locks, { leaseMs, owner: processOwner() }) as Required<TokenStore>;
  return {
    get: (key) => records.get(key),
    compareAndSet: (key, expectedId, next) => records.compareAndSet(key, expectedId, next),
    lock,
    subscribe: (key, listener) => watching.subscribe(placeOf(key), listener),
    [Symbol.asyncDispose]: async () => watching.close(),
  };
}

function placing({ directory, path }: FileStoreOptions): Placing {
  for (const [name, value] of Object.entries({ directory, path })) {
    if (value !== undefined && (typeof value !== 'string' || value === '' || value.includes('\0'))) {
      throw new AuthError('invalid_options', { detail: `${name}: expected a path` });
    }
  }
  if (path === undefined) return inDirectory(directory ?? defaultDirectory());
  if (directory === undefined) return atPath(path);
  throw new AuthError('invalid_options', { detail: 'directory, path: expected one of them' });
}

/** Places a lock's files beside those of its record. */
function besideRecords(placeOf: Placing): Placing {
  return (lockKey) => {
    const { directory, name } = placeOf(lockKey.slice(0, -'.lock'.length));
    return { directory, name: `${name}.lock` };
  };
}
