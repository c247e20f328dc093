import { constants, fsync } from 'node:fs';
import { chmod, type FileHandle, link, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** Never through a symbolic link, and never waiting for the other end of a pipe. Windows knows neither flag. */
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** By its number: the file handles of Yarn's Plug'n'Play cannot sync. */
const sync = promisify(fsync);

/** No record of ours comes near; a foreign file may be of any size. */
const maxBytes = 4 * 1024 * 1024;

/** The text of a file; undefined where there is none, empty where it is nothing that we could have written. */
export async function readText(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await patiently(() => open(path, readFlags));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    // Symbolic link, folder, socket: nothing of ours.
    if (hasCode(error, 'ELOOP', 'EISDIR', 'ENXIO', 'EMLINK')) return '';
    throw error;
  }
  try {
    const stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) return '';
    if (process.platform === 'win32') {
      if ((await lstat(path)).isSymbolicLink()) return '';
    } else if ((stats.mode & 0o077) !== 0) {
      // Somebody else's file stays as it is.
      await file.chmod(0o600).catch(() => {});
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Writes a file that must not exist yet, for its owner alone from its first byte. `durable`: on the disk before it returns. */
export async function writeNew(path: string, text: string, durable: boolean): Promise<void> {
  const file = await open(path, createFlags, 0o600);
  try {
    await file.writeFile(text);
    if (durable) await sync(file.fd);
  } finally {
    await file.close();
  }
}

/** Gives a file a second name. False: that name is taken. */
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
  if (process.platform === 'win32') return;
  const directory = await open(path, constants.O_RDONLY);
  try {
    await sync(directory.fd);
  } catch (error) {
    // Some network file systems keep names themselves and refuse to be asked.
    if (!hasCode(error, 'EINVAL', 'ENOTSUP')) throw error;
  } finally {
    await directory.close();
  }
}

/** The names in a folder; none where there is no folder. */
export async function namesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Makes a folder for its owner alone, and those above it. */
export async function makeDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Leaves a folder to its owner alone; somebody else's stays as it is. */
export async function tightenDirectory(path: string): Promise<void> {
  await chmod(path, 0o700).catch(() => {});
}

/** Removes a name; one that is gone, or that cannot go, stays as it is. */
export async function removeQuietly(path: string): Promise<void> {
  await patiently(() => unlink(path)).catch(() => {});
}

/** Gives a file another name. False: it is gone. */
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

/** Scanners on Windows hold a file for moments: what they cause is tried again for up to this. */
const patienceMs = 2_000;

/** Tries again what Windows refuses while somebody looks at the file; elsewhere such a refusal is final. */
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
