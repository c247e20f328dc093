import { globSync } from 'node:fs';
import { join, posix } from 'node:path';
import { inRepository, referenceFolder, sitePages, sourcesFolder } from './repository.ts';

/** The Markdown files that become pages: their paths on the site by their paths in the repository. */
export function pages(): Map<string, string> {
  const found = globSync([...prose, `${referenceFolder}/**/*.md`, `${sourcesFolder}/**/*.md`], {
    cwd: inRepository(),
  });
  return new Map(found.sort().map((source) => [source, routeOf(source)]));
}

/** What people have written. */
const prose: readonly string[] = [
  '{README,ARCHITECTURE,CONTRIBUTING,SECURITY}.md',
  'docs/**/*.md',
  'packages/*/README.md',
  'examples/**/README.md',
  `${sitePages}/*.md`,
];

/** The pages that people have written: their paths in the repository. */
export function writtenPages(): string[] {
  const exclude = (name: string): boolean => posix.basename(name) === 'node_modules';
  return globSync([...prose], { cwd: inRepository(), exclude }).sort();
}

/** All Markdown files that are not pages. */
export function otherMarkdown(): string[] {
  const known = pages();
  const exclude = (name: string): boolean => ['node_modules', 'dist'].includes(posix.basename(name));
  return globSync('**/*.md', { cwd: inRepository(), exclude }).filter((file) => !known.has(file));
}

/** The page for a file, or for a folder with a README; undefined when there is none. */
export function pageAt(path: string, known: ReadonlyMap<string, string>): string | undefined {
  return known.get(path) ?? known.get(join(path, 'README.md')) ?? known.get(sourcePage(path));
}

/** The page that shows a file, or the files of a folder. Hidden files would stay hidden. */
export function sourcePage(path: string): string {
  return `${sourcesFolder}/${path.replaceAll(/(^|\/)\./g, '$1')}.md`;
}

function routeOf(source: string): string {
  if (source === `${sitePages}/home.md`) return 'index.md';
  if (source === 'README.md') return 'overview.md';
  if (source === 'docs/README.md') return 'contents.md';
  if (source.startsWith(`${sitePages}/`)) return posix.basename(source);
  if (source.startsWith(`${sourcesFolder}/`)) return source.replace(`${sourcesFolder}/`, 'source/');
  if (source.startsWith(`${referenceFolder}/`)) {
    return source.replace(`${referenceFolder}/`, 'reference/').replace(/\/@[^/]+\//, '/');
  }
  return source
    .replace(/^docs\//, '')
    .replace(/\/README\.md$/, '.md')
    .replace(/^[A-Z]+\.md$/, lower);
}

function lower(name: string): string {
  return name.toLowerCase();
}
