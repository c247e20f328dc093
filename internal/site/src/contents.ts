import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { pageAt, pages } from './pages.ts';
import { inRepository, referenceFolder } from './repository.ts';

/** A list of pages in the sidebar. */
export interface Group {
  readonly text: string;
  readonly items: { readonly text: string; readonly link: string }[];
}

/** The sidebar: the pages that docs/README.md lists, the packages, and the reference. */
export function contents(): Group[] {
  const known = pages();
  const groups: Group[] = [];
  for (const line of readFileSync(inRepository('docs/README.md'), 'utf8').split('\n')) {
    const [, heading] = /^## (.*)$/.exec(line) ?? [];
    if (heading !== undefined) groups.push({ text: heading, items: [] });
    const [, text, path] = /^- \[(.*?)\]\((.*?)\)/.exec(line) ?? [];
    if (text === undefined || path === undefined) continue;
    const page = pageAt(posix.join('docs', path), known);
    if (page === undefined) throw new Error(`docs/README.md: there is no page ${path}`);
    groups.at(-1)?.items.push({ text, link: `/${page}` });
  }
  return [
    ...groups,
    { text: 'Packages', items: named(known, /^packages\/([\w-]+)\/README\.md$/, '@auth/') },
    {
      text: 'API reference',
      items: named(known, new RegExp(`^${referenceFolder}/(@.*)\\.md$`)),
    },
  ];
}

/** Site paths of all pages in the sidebar. */
export function listedPages(): string[] {
  return contents().flatMap(({ items }) => items.map(({ link }) => link.slice(1).replace(/\.md$/, '.html')));
}

/** Pages whose source matches a pattern, named by its first group. */
function named(known: ReadonlyMap<string, string>, pattern: RegExp, prefix = ''): Group['items'] {
  return [...known].flatMap(([source, page]) => {
    const [, name] = pattern.exec(source) ?? [];
    return name === undefined ? [] : [{ text: prefix + name, link: `/${page}` }];
  });
}
