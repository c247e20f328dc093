import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program from a Debian package that tests use. */
export interface Program {
  /** Undefined: the program is missing. */
  readonly path: string | undefined;
}

/** Looks for a program under any of its names, in the folders of PATH. */
export function find(
  names: readonly string[],
  folders: readonly string[] = pathFolders(),
): string | undefined {
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isExecutable);
}

function pathFolders(): readonly string[] {
  return (process.env['PATH'] ?? '').split(delimiter);
}

/**
 * Looks for a program that tests need. If the program is missing, a message says which tests are left out; in CI that
 * is a failure.
 *
 * @throws Error in CI, if the program is missing
 */
export function expectInstalled(
  names: readonly string[],
  what: string,
  install: string,
  folders?: readonly string[],
): Program {
  const path = find(names, folders);
  if (path === undefined) {
    const message = `${names[0]} is not installed: ${what} left out. To install it: ${install}`;
    if (process.env['CI'] === 'true') throw new Error(message);
    process.stderr.write(`\n*** ${message}\n\n`);
  }
  return { path };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
