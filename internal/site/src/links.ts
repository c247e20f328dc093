import { posix, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { pageAt } from './pages.ts';
import { inRepository } from './repository.ts';

/**
 * Links are written for a code host, relative to files of the repository. On the site a link to a file leads to its page,
 * and a link to a source file to the page that shows it.
 */
export function repositoryLinks(markdown: MarkdownRenderer, pages: ReadonlyMap<string, string>): void {
  markdown.core.ruler.after('inline', 'repository-links', ({ tokens, env }) => {
    const path = env.realPath ?? env.path;
    // The home page's tagline is rendered by itself.
    if (path === undefined) return;
    const source = relative(inRepository(), path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === 'link_open')
        token.attrSet('href', targetOf(String(token.attrGet('href')), source, pages));
    }
  });
}

/** Where a link of a source leads on the site. @throws Error for a path that is missing, or has no page */
export function targetOf(href: string, source: string, pages: ReadonlyMap<string, string>): string {
  if (/^([a-z]+:|#|\/)/.test(href)) return href;
  const [path = '', fragment] = href.split('#');
  const target = posix.join(posix.dirname(source), path).replace(/\/$/, '');
  const page = pageAt(target, pages);
  if (page === undefined) throw new Error(`${source}: ${href} leads nowhere`);
  // On a code host `#readme` skips the folder's list of files; a page of the site starts with the README.
  const anchor = fragment === undefined || fragment === 'readme' ? '' : `#${fragment}`;
  return `/${page}${anchor}`;
}
