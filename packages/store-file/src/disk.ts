import { randomUUID } from 'node:crypto';
import { constants, existsSync, fsync, mkdirSync, type Stats } from 'node:fs';
import { chmod, type FileHandle, link, lstat, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { AuthError } from '@auth/core';

/** Opening fails on a symbolic link, and does not block on a named pipe. Windows lacks both flags. */
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** fsync takes the descriptor, because the file handles of Yarn's Plug'n'Play cannot sync. */
const sync = promisify(fsync);

/** Node's permission model refuses fsync (nodejs.org/api/permissions.html); a file opened with O_SYNC needs none. */
const maySync = (): boolean => process.permission === undefined;

/** Our records are far smaller, so a larger file is not ours and is not read. */
const maxBytes = 4 * 1024 * 1024;

/**
 * The text of a file, and what `look` tells while the file is open. Undefined: there is no file. An empty text: the file
 * cannot be one that we wrote.
 */
export async function readText<Seen>(
  path: string,
  look: () => Promise<Seen>,
): Promise<{ readonly text: string; readonly seen: Seen } | undefined> {
  let file: FileHandle;
  try {
    file = await patiently(() => open(path, readFlags));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    // A symbolic link, a folder or a socket: we write none of these.
    if (hasCode(error, 'ELOOP', 'EISDIR', 'ENXIO', 'EMLINK')) return { text: '', seen: await look() };
    throw error;
  }
  const looking = look();
  looking.catch(() => {});
  try {
    const text = await textOf(file, path);
    return { text, seen: await looking };
  } finally {
    await file.close();
  }
}

async function textOf(file: FileHandle, path: string): Promise<string> {
  const stats = await file.stat();
  if (!stats.isFile() || stats.size > maxBytes) return '';
  await assertOwn(path, stats, dirname(path));
  if (process.platform === 'win32') {
    if ((await lstat(path)).isSymbolicLink()) return '';
  } else if ((stats.mode & 0o077) !== 0) {
    // Node's permission model refuses fchmod.
    await file
      .chmod(0o600)
      .catch(() => chmod(path, 0o600))
      .catch(() => {});
  }
  return file.readFile('utf8');
}

/** Creates a file that only its owner can read; throws if it exists. `durable`: on the disk before it returns. */
export async function writeNew(path: string, text: string, durable: boolean): Promise<void> {
  const flags = durable && !maySync() ? createFlags | constants.O_SYNC : createFlags;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(text);
    if (durable && maySync()) await sync(file.fd);
  } finally {
    await file.close();
  }
}

/** Gives a file a second name. False: the name is taken. */
export async function linkNew(existing: string, path: string): Promise<boolean> {
  try {
    await patiently(() => link(existing, path));
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Makes names in a folder survive a power cut, where the platform can. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32' || !maySync()) return;
  const directory = await open(path, constants.O_RDONLY);
  try {
    await sync(directory.fd);
  } catch (error) {
    // Some network file systems persist names by themselves and do not support fsync on a folder.
    if (!hasCode(error, 'EINVAL', 'ENOTSUP')) throw error;
  } finally {
    await directory.close();
  }
}

/** The names in a folder; empty if the folder does not exist. */
export async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/**
 * Throws for what another user owns: that user could replace what we write there. Not checked on Windows, which tells no
 * owner, and on Deno, which would ask the person at the terminal for a permission.
 *
 * @param directory where a file shows which uid our files get
 */
export async function assertOwn(path: string, { uid, dev }: Stats, directory: string): Promise<void> {
  const own = 'deno' in process.versions ? undefined : process.geteuid?.();
  if (own === undefined || uid === own || uid === givenUids.get(dev)) return;
  const given = await givenUid(directory);
  if (uid !== given) {
    const detail = `${path} belongs to another user (uid ${uid}), and this program runs as uid ${own}`;
    throw new AuthError('store_failed', { detail });
  }
  givenUids.set(dev, given);
}

/** By device, the uid that our files get where it is not our own: NFS may give all files to nobody. */
const givenUids = new Map<number, number>();

/** The owner of a file that we create; undefined if we may not. */
async function givenUid(directory: string): Promise<number | undefined> {
  const path = join(directory, `probe-${randomUUID()}`);
  try {
    const file = await open(path, createFlags, 0o600);
    const { uid } = await file.stat().finally(() => file.close());
    return uid;
  } catch {
    return undefined;
  } finally {
    await removeQuietly(path);
  }
}

/**
 * Makes a folder that only its owner can use, and its missing parents. Not by Node's `recursive`, which goes on for ever
 * where the kernel calls a folder missing that it lets nobody make, as below /proc (seen in Node 22 and 24).
 */
export function makeDirectory(path: string): void {
  try {
    makeOne(path);
  } catch (error) {
    const parent = dirname(path);
    if (!hasCode(error, 'ENOENT') || parent === path) throw error;
    if (!existsSync(parent)) makeDirectory(parent);
    // Another process may have made the parent just now.
    makeOne(path);
  }
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** Takes away everybody else's permissions on a folder; does nothing if the folder is not ours. */
export async function tightenDirectory(path: string): Promise<void> {
  await chmod(path, 0o700).catch(() => {});
}

/** Removes a file; ignores a file that is gone or cannot be removed. */
export async function removeQuietly(path: string): Promise<void> {
  await patiently(() => unlink(path)).catch(() => {});
}

/** Renames a file. False: the file is gone. */
export async function moveAside(path: string, to: string): Promise<boolean> {
  try {
    await patiently(() => rename(path, to));
    return true;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as { code?: string } | undefined)?.code ?? '');
}

/** Virus scanners on Windows hold a file open for moments; calls that this makes fail are retried for so long. */
const patienceMs = 2_000;

/** Retries what Windows refuses while another program has the file open; on other platforms a refusal is final. */
export async function patiently<Result>(
  work: () => Promise<Result>,
  platform: string = process.platform,
): Promise<Result> {
  if (platform !== 'win32') return work();
  const startedAt = performance.now();
  for (let delayMs = 10; ; delayMs *= 2) {
    try {
      return await work();
    } catch (error) {
      const isOver = performance.now() - startedAt + delayMs > patienceMs;
      if (isOver || !hasCode(error, 'EPERM', 'EBUSY', 'EACCES')) throw error;
    }
    await sleep(delayMs);
  }
}
