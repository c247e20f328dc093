import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A path in the repository, made absolute. */
export function inRepository(...path: readonly string[]): string {
  return join(import.meta.dirname, '..', '..', '..', ...path);
}

/** Pages that are only on the site. */
export const sitePages = 'internal/site/pages';

/** Where the reference is written, as Markdown, before the site is made of it. */
export const referenceFolder = 'internal/site/reference';

/** Where the pages are written that show files of the repository. */
export const sourcesFolder = 'internal/site/sources';

/** Where the site is written. */
export const siteFolder = 'internal/site/dist';

/** Where it is written when it is made of the samples alone. */
export const samplesFolder = 'internal/site/node_modules/.cache/samples';

/** What package.json says of the site: where it is published, and where its pages are edited. */
export const { homepage, repository } = JSON.parse(readFileSync(inRepository('package.json'), 'utf8')) as {
  readonly homepage: string;
  readonly repository: string;
};
