import { existsSync } from 'node:fs';
import { posix, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';
import { pageAt } from './pages.ts';
import { inRepository } from './repository.ts';

/**
 * Links are written for a code host, relative to files of the repository. On the site a link to a page leads to that
 * page; a link to anything else, such as a source file, becomes plain text.
 */
export function repositoryLinks(markdown: MarkdownRenderer, pages: ReadonlyMap<string, string>): void {
  markdown.core.ruler.after('inline', 'repository-links', ({ tokens, env }) => {
    const source = relative(inRepository(), env.realPath ?? env.path);
    const open: Token[] = [];
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type === 'link_open') {
        open.push(token);
        const target = resolve(String(token.attrGet('href')), source, pages);
        if (target === undefined) {
          token.tag = 'span';
          token.attrs = null;
        } else token.attrSet('href', target);
      }
      if (token.type === 'link_close') token.tag = open.pop()?.tag ?? token.tag;
    }
  });
}

type Token = ReturnType<MarkdownRenderer['parse']>[number];

/** Where a link of a source leads on the site; undefined unless to a page. @throws Error for a path that is missing */
function resolve(href: string, source: string, pages: ReadonlyMap<string, string>): string | undefined {
  if (/^([a-z]+:|#)/.test(href)) return href;
  const [path = '', fragment] = href.split('#');
  const target = posix.join(posix.dirname(source), path).replace(/\/$/, '');
  if (!existsSync(inRepository(target))) throw new Error(`${source}: ${href} leads nowhere`);
  const page = pageAt(target, pages);
  if (page === undefined) return undefined;
  // On a code host `#readme` skips the folder's list of files; a page of the site starts with the README.
  const anchor = fragment === undefined || fragment === 'readme' ? '' : `#${fragment}`;
  return `/${page}${anchor}`;
}
