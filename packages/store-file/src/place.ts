import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';

/** Where one key's files are: all their names begin with `name`. */
export interface Place {
  readonly directory: string;
  readonly name: string;
}

/** Tells where a key's files are. */
export type Placing = (key: string) => Place;

/** The place for a program's state on this platform. */
export function defaultDirectory(
  platform: string = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const folder = 'auth-tokens';
  switch (platform) {
    case 'win32':
      return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), folder);
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', folder);
    default: {
      // XDG Base Directory Specification: a path that is not absolute is to be ignored.
      const { XDG_STATE_HOME: state = '' } = environment;
      return join(isAbsolute(state) ? state : join(homedir(), '.local', 'state'), folder);
    }
  }
}

/**
 * Spreads keys over 256 folders, so that none of a hundred thousand accounts makes another slow. A hash keeps apart
 * what differs in case, length or characters that a file system mixes up.
 */
export function inDirectory(directory: string): Placing {
  const root = resolve(directory);
  return (key) => {
    // As JSON, because a lone surrogate is no UTF-8.
    const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex');
    return { directory: join(root, hash.slice(0, 2)), name: hash.slice(2) };
  };
}

/** The files of the one account beside each other, under a name of the user's. */
export function atPath(path: string): Placing {
  const place = { directory: dirname(resolve(path)), name: basename(path) };
  return () => place;
}

/** The file of a generation. */
export function pathOf({ directory, name }: Place, number: number): string {
  return join(directory, `${name}.g${number}`);
}

/** Which generation of what a file is, if it is one. */
export function parseGeneration(file: string): { name: string; number: number } | undefined {
  const [, name, number] = /^(.+)\.g([1-9]\d{0,14})$/s.exec(file) ?? [];
  return name === undefined ? undefined : { name, number: Number(number) };
}
