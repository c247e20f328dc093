import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { contents } from './contents.ts';
import { descriptionOf } from './description.ts';
import { targetOf } from './links.ts';
import { pages, writtenPages } from './pages.ts';
import { inRepository, siteFolder } from './repository.ts';

/**
 * Writes what language models read: each page as Markdown beside its HTML, llms.txt with a line for each, and
 * llms-full.txt with the text of all (https://llmstxt.org).
 */
export function writeForModels(): void {
  const known = pages();
  const texts = new Map<string, string>();
  for (const source of writtenPages()) {
    const route = known.get(source) as string;
    const text = withSiteLinks(readFileSync(inRepository(source), 'utf8'), source, known);
    texts.set(route, text);
    write(route, text);
  }
  const groups = contents().map(({ text, items }) => {
    const lines = items.flatMap(({ text: title, link }) => {
      const route = link.slice(1);
      const [source] = [...known].find(([, page]) => page === route) ?? [];
      return texts.has(route) ? [`- [${title}](${link}): ${descriptionOf(source as string)}`] : [];
    });
    return lines.length === 0 ? '' : `## ${text}\n\n${lines.join('\n')}\n`;
  });
  const about = descriptionOf('README.md');
  write('llms.txt', ['# Auth clients\n', `> ${about}\n`, ...groups.filter(Boolean)].join('\n'));
  write('llms-full.txt', [...texts.values()].join('\n\n'));
}

/** Links lead to the Markdown of other pages. */
function withSiteLinks(text: string, source: string, known: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\]\(([^)\s]+)\)/g, (link, href: string) => {
    const isCode = href.startsWith('${');
    if (isCode || /\.svg$|\.png$/.test(href)) return link;
    const target = targetOf(href, source, known);
    // Pages that are generated have no Markdown on the site.
    const isGenerated = /^\/(source|reference)\//.test(target);
    return `](${isGenerated ? target.replace(/\.md(?=#|$)/, '.html') : target})`;
  });
}

function write(path: string, text: string): void {
  const file = join(inRepository(siteFolder), path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
