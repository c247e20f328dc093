import { existsSync, type FSWatcher, watch } from 'node:fs';
import { basename, join } from 'node:path';
import { makeDirectory } from './disk.js';
import { type Place, parseGeneration } from './place.js';

/** Suppresses notifications of a writer's own generations: call `begin` before the write, and its result afterwards. */
export interface OwnWrites {
  begin(place: Place, number: number): (isWritten: boolean) => void;
}

interface Watched {
  readonly listeners: Set<() => void>;
  /** The highest generation that listeners have been notified of, or that this process wrote. */
  seen: number;
}

interface WatchedDirectory {
  watcher: FSWatcher;
  /** Its watcher has ended, and could not be replaced yet. */
  isFailing: boolean;
  /** The next attempt to replace it. */
  retry?: ReturnType<typeof setTimeout>;
  readonly names: Map<string, Watched>;
}

/** A watcher that failed is replaced after this long. */
const reopenMs = 5_000;

/** Notifies listeners of new generations, with one watcher per folder, which does not keep the process alive. */
export class Watching implements OwnWrites {
  readonly #directories = new Map<string, WatchedDirectory>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  subscribe(place: Place, listener: () => void): () => void {
    const directory = this.#directories.get(place.directory) ?? this.#watch(place.directory);
    if (directory.isFailing) this.#reopen(place.directory, directory);
    const watched = directory.names.get(place.name) ?? { listeners: new Set(), seen: 0 };
    directory.names.set(place.name, watched);
    // Wrapped, so that one function given twice is two subscriptions.
    const own = (): void => listener();
    watched.listeners.add(own);
    return () => {
      watched.listeners.delete(own);
      if (watched.listeners.size > 0 || directory.names.get(place.name) !== watched) return;
      directory.names.delete(place.name);
      if (directory.names.size === 0) this.#unwatch(place.directory, directory);
    };
  }

  begin({ directory, name }: Place, number: number): (isWritten: boolean) => void {
    const watched = this.#directories.get(directory)?.names.get(name);
    if (watched === undefined || number <= watched.seen) return () => {};
    watched.seen = number;
    // Our write failed, so the generation may be another process's, whose notification was suppressed.
    return (isWritten) => {
      if (!isWritten) tell(watched.listeners);
    };
  }

  close(): void {
    for (const [path, directory] of [...this.#directories]) this.#unwatch(path, directory);
  }

  #watch(path: string): WatchedDirectory {
    const directory: WatchedDirectory = { watcher: this.#open(path), isFailing: false, names: new Map() };
    this.#directories.set(path, directory);
    return directory;
  }

  #open(path: string): FSWatcher {
    makeDirectory(path);
    const watcher = watch(path, { persistent: false });
    const current = (): WatchedDirectory | undefined => {
      const directory = this.#directories.get(path);
      return directory?.watcher === watcher ? directory : undefined;
    };
    watcher.on('change', (_event, name) => {
      const directory = current();
      if (directory === undefined) return;
      // An event of the folder itself: it is gone, although somebody may have made it again.
      const isGone = name?.toString() === basename(path) || !existsSync(path);
      if (isGone) this.#reopen(path, directory);
      else this.#notice(path, directory, name?.toString());
    });
    watcher.on('error', (error) => {
      this.#onError(error);
      const directory = current();
      if (directory !== undefined) this.#reopenLater(path, directory);
    });
    return watcher;
  }

  /** Replaces a watcher that failed, or whose folder was removed: it would not see a new folder of that name. */
  #reopen(path: string, directory: WatchedDirectory): void {
    directory.watcher.close();
    const wasFailing = directory.isFailing;
    try {
      directory.watcher = this.#open(path);
      directory.isFailing = false;
    } catch (error) {
      directory.isFailing = true;
      this.#reopenLater(path, directory);
      if (wasFailing) return;
      this.#onError(error);
    }
    for (const watched of directory.names.values()) {
      watched.seen = 0;
      tell(watched.listeners);
    }
  }

  #reopenLater(path: string, directory: WatchedDirectory): void {
    const { watcher } = directory;
    const reopen = (): void => {
      const isCurrent = this.#directories.get(path) === directory && directory.watcher === watcher;
      if (isCurrent) this.#reopen(path, directory);
    };
    clearTimeout(directory.retry);
    directory.retry = setTimeout(reopen, reopenMs).unref();
  }

  #unwatch(path: string, directory: WatchedDirectory): void {
    if (this.#directories.get(path) === directory) this.#directories.delete(path);
    directory.watcher.close();
  }

  #notice(path: string, { names }: WatchedDirectory, file: string | undefined): void {
    // Some platforms do not say which file changed.
    if (file === undefined) {
      for (const { listeners } of names.values()) tell(listeners);
      return;
    }
    const { name = '', number = 0 } = parseGeneration(file) ?? {};
    const watched = names.get(name);
    // Somebody has removed the newest, and generations begin again.
    if (watched?.seen === number && !existsSync(join(path, file))) watched.seen = 0;
    else if (watched === undefined || number <= watched.seen) return;
    else watched.seen = number;
    tell(watched.listeners);
  }
}

function tell(listeners: ReadonlySet<() => void>): void {
  for (const listener of [...listeners]) listener();
}
