import { randomUUID } from 'node:crypto';
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AuthError, type TokenRecord } from '@auth/core';
import {
  assertOwn,
  hasCode,
  linkNew,
  makeDirectory,
  moveAside,
  namesIn,
  readText,
  removeQuietly,
  syncDirectory,
  tightenDirectory,
  writeNew,
} from './disk.js';
import { type Place, type Placing, parseGeneration, pathOf } from './place.js';
import { fromText, rememberedIds, toText } from './record-text.js';
import type { OwnWrites } from './watching.js';

/** Where and how records, or leases, are kept. */
export interface RecordFilesOptions {
  readonly placeOf: Placing;
  /** Whether a record must survive a power cut. */
  readonly durable: boolean;
  /** All keys have the same place, in a folder that belongs to the user. */
  readonly isOneAccount: boolean;
  readonly ownWrites: OwnWrites;
  onSetAside(key: string, place: string): void;
}

/** The highest generation of a key. */
interface Generation {
  readonly number: number;
  readonly record: TokenRecord;
  readonly replaced: readonly string[];
  readonly isReadable: boolean;
}

/** A generation may be removed before we read it, because a higher one exists by then: retry, but not for ever. */
const maxAttempts = 100;
/** A temporary file this old was left by a crash. If its writer is alive after all, its write fails with an error. */
const abandonedMs = 60_000;

/**
 * Keeps one record per key, in files `<name>.g<generation>`. A write creates a complete new file and links it to the
 * name of the next generation. link(2) fails if the name exists, so of all writers who read the same record exactly one
 * succeeds, however long any of them was frozen. Readers take the highest generation; only lower ones are removed.
 */
export class RecordFiles {
  readonly #options: RecordFilesOptions;

  constructor(options: RecordFilesOptions) {
    this.#options = options;
  }

  async get(key: string): Promise<TokenRecord | undefined> {
    return (await this.#newest(key, this.#options.placeOf(key)))?.record;
  }

  async compareAndSet(key: string, expectedId: string | undefined, next: TokenRecord): Promise<boolean> {
    const { placeOf, durable, ownWrites } = this.#options;
    const place = placeOf(key);
    const standing = await this.#newest(key, place);
    if (standing?.record.id !== expectedId) return false;
    const number = (standing?.number ?? 0) + 1;
    const replaced = standing === undefined ? [] : [standing.record.id, ...standing.replaced];
    const text = toText({ key, record: next, replaced: replaced.slice(0, rememberedIds) });
    const endWrite = ownWrites.begin(place, number);
    const temporary = join(place.directory, `${place.name}.tmp-${randomUUID()}`);
    let isLinked = false;
    try {
      isLinked = await this.#publish(temporary, pathOf(place, number), text);
    } finally {
      endWrite(isLinked);
    }
    if (!isLinked) return false;
    const listing = namesIn(place.directory);
    listing.catch(() => {});
    // Removed before the folder is synced: a power cut does not bring it back.
    await removeQuietly(temporary);
    if (durable) await syncDirectory(place.directory);
    return this.#settle(key, place, number, next.id, await listing, standing);
  }

  async #newest(key: string, place: Place): Promise<Generation | undefined> {
    await this.#check(place);
    let names = await namesIn(place.directory);
    let isEmpty = false;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const number = highestIn(names, place);
      if (number === 0) {
        // Listing a folder while names change may miss both the old name and the new one: list it twice.
        if (isEmpty) return undefined;
        isEmpty = true;
      }
      const read =
        number > 0 ? await readText(pathOf(place, number), () => namesIn(place.directory)) : undefined;
      // A frozen writer may have linked this generation anew: what counts is a file that was the highest when it was open.
      if (read !== undefined && highestIn(read.seen, place) <= number)
        return this.#parse(key, number, read.text);
      names = read?.seen ?? (await namesIn(place.directory));
    }
    throw new AuthError('store_failed', { detail: 'the file changes faster than it can be read' });
  }

  #parse(key: string, number: number, text: string): Generation {
    const file = fromText(text);
    if (file !== undefined && file.key === key) return { number, ...file, isReadable: true };
    if (file !== undefined && this.#options.isOneAccount) {
      throw new AuthError('store_failed', {
        detail: 'path: the file holds the tokens of another account; use directory for several, or remove it',
      });
    }
    // The next write replaces the unreadable file; its generation serves as its id.
    return { number, record: { id: `unreadable-${number}`, value: '' }, replaced: [], isReadable: false };
  }

  /** False: the name is taken. The temporary file stays only if it has the name. */
  async #publish(temporary: string, path: string, text: string): Promise<boolean> {
    let isLinked = false;
    try {
      await writeNew(temporary, text, this.#options.durable).catch(async (error) => {
        if (!hasCode(error, 'ENOENT')) throw error;
        makeDirectory(dirname(temporary));
        await writeNew(temporary, text, this.#options.durable);
      });
      isLinked = await linkNew(temporary, path).catch((error) => {
        throw hasCode(error, ...linkRefusals) ? noLinks(error.code) : error;
      });
      return isLinked;
    } finally {
      if (!isLinked) await removeQuietly(temporary);
    }
  }

  /** Cleans up, and tells whether the write counts: a writer that was frozen may have linked an old generation. */
  async #settle(
    key: string,
    place: Place,
    number: number,
    id: string,
    names: readonly string[],
    standing: Generation | undefined,
  ): Promise<boolean> {
    const highest = highestIn(names, place);
    // A generation is removed only once a higher one exists, so if ours is the highest it is the current record.
    const stands = highest === number || (await this.#isIn(key, place, id));
    if (standing?.isReadable === false) await this.#setAside(key, place, standing.number);
    await this.#prune(place, names, highest);
    return stands;
  }

  /** Whether the current record is the one with that id, or a successor of it. */
  async #isIn(key: string, place: Place, id: string): Promise<boolean> {
    const newest = await this.#newest(key, place);
    return newest !== undefined && (newest.record.id === id || newest.replaced.includes(id));
  }

  async #setAside(key: string, place: Place, number: number): Promise<void> {
    const aside = join(place.directory, `${place.name}.corrupt-${number}-${randomUUID()}`);
    if (await moveAside(pathOf(place, number), aside)) this.#options.onSetAside(key, aside);
  }

  async #prune(place: Place, names: readonly string[], highest: number): Promise<void> {
    const lower = generationsIn(names, place).filter((number) => number < highest);
    await Promise.all(lower.map((number) => removeQuietly(pathOf(place, number))));
    for (const name of names) {
      if (!name.startsWith(`${place.name}.tmp-`)) continue;
      const path = join(place.directory, name);
      const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: Date.now() }));
      if (Date.now() - mtimeMs > abandonedMs) await removeQuietly(path);
    }
  }

  /**
   * Throws if the store's folder is a symbolic link or another user's, and takes away other users' permissions on it.
   * It looks each time, because a folder can be swapped.
   */
  async #check({ directory }: Place): Promise<void> {
    if (this.#options.isOneAccount) return;
    const stats = await lstat(directory).catch(() => undefined);
    if (stats === undefined) return;
    if (!stats.isDirectory()) {
      throw new AuthError('store_failed', { detail: `${directory} is no folder of its own` });
    }
    await assertOwn(directory, stats, directory);
    if ((stats.mode & 0o077) !== 0) await tightenDirectory(directory);
  }
}

/** How file systems without hard links refuse one: FAT, SMB, FUSE and the shared folders of virtual machines differ. */
const linkRefusals = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EIO', 'EISDIR', 'EINVAL', 'UNKNOWN'];

function noLinks(code: string): AuthError {
  const detail = `a hard link failed (${code}); if the file system has none, use another directory: no write is safe without`;
  return new AuthError('store_failed', { detail });
}

function highestIn(names: readonly string[], place: Place): number {
  return Math.max(0, ...generationsIn(names, place));
}

function generationsIn(names: readonly string[], { name }: Place): number[] {
  return names.flatMap((candidate) => {
    const generation = parseGeneration(candidate);
    return generation?.name === name ? [generation.number] : [];
  });
}
