import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program from a Debian package that tests use. */
export interface Program {
  /** Undefined: the program is missing. */
  readonly path: string | undefined;
}

/** Looks for a program under any of its names. */
export function find(names: readonly string[]): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find(isExecutable);
}

/**
 * Looks for a program that tests need. If the program is missing, a message says which tests are left out; in CI that
 * is a failure.
 *
 * @throws Error in CI, if the program is missing
 */
export function expectInstalled(names: readonly string[], what: string, install: string): Program {
  const path = find(names);
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
