import { createHash } from 'node:crypto';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

/** Where one key's files are: all their names begin with `name`. */
export interface Place {
  readonly directory: string;
  readonly name: string;
}

/** Tells where a key's files are. */
export type Placing = (key: string) => Place;

/** `auth-tokens` in the platform's folder for program state. */
export function defaultDirectory(
  platform: string = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const folder = 'auth-tokens';
  switch (platform) {
    case 'win32':
      return join(environment['LOCALAPPDATA'] ?? join(home(), 'AppData', 'Local'), folder);
    case 'darwin':
      return join(home(), 'Library', 'Application Support', folder);
    default: {
      // XDG Base Directory Specification: ignore a path that is not absolute.
      const { XDG_STATE_HOME: state = '' } = environment;
      return join(isAbsolute(state) ? state : join(home(), '.local', 'state'), folder);
    }
  }
}

/**
 * Spreads keys over 256 folders, so that listing one stays fast with a hundred thousand accounts. File names are
 * hashes, because a file system may confuse keys that differ only in case, in length or in some characters.
 */
export function inDirectory(directory: string): Placing {
  const root = resolve(directory);
  // A record and its lock are asked for in turns.
  let last: { readonly key: string; readonly place: Place } | undefined;
  return (key) => {
    if (last?.key === key) return last.place;
    // JSON escapes lone surrogates, which UTF-8 cannot encode.
    const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    const place = { directory: join(root, hash.slice(0, 2)), name: hash.slice(2) };
    last = { key, place };
    return place;
  };
}

/** Places the files of a single account at a path that the user chose. */
export function atPath(path: string): Placing {
  const place = { directory: dirname(resolve(path)), name: basename(path) };
  return () => place;
}

/** The file of a generation. */
export function pathOf({ directory, name }: Place, number: number): string {
  return join(directory, `${name}.g${number}`);
}

/** The name and the generation in a file's name; undefined for any other file. */
export function parseGeneration(file: string): { name: string; number: number } | undefined {
  const [, name, number] = /^(.+)\.g([1-9]\d{0,14})$/s.exec(file) ?? [];
  return name === undefined ? undefined : { name, number: Number(number) };
}

/** Of a HOME that is empty or relative the account's own folder: tokens do not go to wherever a program was started. */
function home(): string {
  return isAbsolute(homedir()) ? homedir() : userInfo().homedir;
}
