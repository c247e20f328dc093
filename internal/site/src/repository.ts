import { join } from 'node:path';

/** A path in the repository, made absolute. */
export function inRepository(...path: readonly string[]): string {
  return join(import.meta.dirname, '..', '..', '..', ...path);
}

/** Where the reference is written, as Markdown, before the site is made of it. */
export const referenceFolder = 'internal/site/reference';

/** Where the site is written. */
export const siteFolder = 'internal/site/dist';
