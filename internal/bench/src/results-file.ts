import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { CaseResult } from './result.ts';

/** The results of the last runs. */
export interface Results {
  /** The machine of the runs. */
  readonly machine: { readonly node: string; readonly cpu: string; readonly cores: number };
  /** The versions that were measured. */
  readonly versions: Readonly<Record<string, string>>;
  /** By case; a case that was not run again keeps its results. */
  readonly cases: Record<string, CaseResult[]>;
}

const file = join(import.meta.dirname, '..', 'results.json');

/** The results so far, with this machine and the installed versions. */
export function load(): Results {
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
  };
  return { machine, versions: versions(), cases: { ...read().cases } };
}

export function save(results: Results): void {
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
}

function read(): Partial<Results> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Results;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

/** The versions of all packages that the benchmarks depend on. */
function versions(): Record<string, string> {
  const path = join(import.meta.dirname, '..', 'package.json');
  const { devDependencies } = JSON.parse(readFileSync(path, 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const names = Object.keys(devDependencies).filter((name) => !name.startsWith('@types/'));
  return Object.fromEntries(names.map((name) => [name, versionOf(name)]));
}

function versionOf(name: string): string {
  const { resolve } = createRequire(import.meta.url);
  const places = resolve.paths(name) ?? [];
  for (const place of places) {
    try {
      return (JSON.parse(readFileSync(join(place, name, 'package.json'), 'utf8')) as { version: string })
        .version;
    } catch {
      // Look in the next folder.
    }
  }
  throw new Error(`${name} is not installed beside ${dirname(import.meta.url)}`);
}
