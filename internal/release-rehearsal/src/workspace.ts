import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** This repository. */
export const root: string = join(import.meta.dirname, '..', '..', '..');

/** What the tests read of a package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Packages that the user installs beside this one. */
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
}

/** The package.json of `packages/<folder>`, here or in another checkout. */
export function manifestOf(folder: string, checkout: string = root): Manifest {
  return JSON.parse(readFileSync(join(checkout, 'packages', folder, 'package.json'), 'utf8')) as Manifest;
}

/** The folders of the packages that are published. */
export function publishedIn(checkout: string): string[] {
  return readdirSync(join(checkout, 'packages'));
}

/** The scope the packages are published under, such as `@acme`. */
export function scopeOf({ name }: Manifest): string {
  return name.slice(0, name.indexOf('/'));
}
