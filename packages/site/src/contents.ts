import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { pageAt, pages } from './pages.ts';
import { inRepository, referenceFolder } from './repository.ts';

/** A list of pages in the sidebar. */
export interface Group {
  readonly text: string;
  readonly collapsed: boolean;
  readonly items: { readonly text: string; readonly link: string }[];
}

/** The sidebar: docs/README.md, which lists all pages for readers of the repository, and the reference. */
export function contents(): Group[] {
  const known = pages();
  const groups: Group[] = [];
  for (const line of readFileSync(inRepository('docs/README.md'), 'utf8').split('\n')) {
    const [, heading] = /^## (.*)$/.exec(line) ?? [];
    if (heading !== undefined) groups.push({ text: heading, collapsed: false, items: [] });
    const [, text, path] = /^- \[(.*?)\]\((.*?)\)/.exec(line) ?? [];
    if (text === undefined || path === undefined) continue;
    const page = pageAt(posix.join('docs', path), known);
    if (page === undefined) throw new Error(`docs/README.md: there is no page ${path}`);
    groups.at(-1)?.items.push({ text, link: `/${page}` });
  }
  return [...groups, { text: 'API reference', collapsed: true, items: reference(known) }];
}

/** Paths on the site of all pages that the contents list. */
export function listedPages(): string[] {
  return contents().flatMap(({ items }) => items.map(({ link }) => link.slice(1).replace(/\.md$/, '.html')));
}

function reference(known: ReadonlyMap<string, string>): Group['items'] {
  return [...known]
    .filter(([source]) => source.startsWith(`${referenceFolder}/@`))
    .map(([source, page]) => ({
      text: source.slice(referenceFolder.length + 1, -'.md'.length),
      link: `/${page}`,
    }));
}
