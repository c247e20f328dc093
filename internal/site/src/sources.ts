import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, posix } from 'node:path';
import { pageAt, pages, sourcePage, writtenPages } from './pages.ts';
import { inRepository, sourcesFolder } from './repository.ts';

/** Writes a page for each file and each folder that a page links to and that is no page itself. */
export function writeSources(): void {
  rmSync(inRepository(sourcesFolder), { recursive: true, force: true });
  const known = pages();
  const targets = new Set(writtenPages().flatMap((page) => linkedFrom(page)));
  for (const target of targets) {
    if (pageAt(target, known) !== undefined || !existsSync(inRepository(target))) continue;
    const file = inRepository(sourcePage(target));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, shown(target));
  }
}

/** The files and folders that a page links to, an example's code included. */
function linkedFrom(page: string): string[] {
  const text = readFileSync(inRepository(page), 'utf8');
  const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, href]) => href as string);
  const linked = links
    .filter((href) => !/^([a-z]+:|\/)|\.svg$/.test(href))
    .map((href) => posix.join(dirname(page), href).replace(/\/$/, ''));
  const [, example] = /^(examples\/[^/]+)\/README\.md$/.exec(page) ?? [];
  return example === undefined ? linked : [...linked, `${example}/src`];
}

/** The text of such a page. */
function shown(path: string): string {
  const title = `# ${path}\n\n`;
  if (!statSync(inRepository(path)).isDirectory()) return title + fenced(path);
  const files = globSync(`${path}/**/*.{ts,tsx,js,json,md,html,yaml,sql}`, {
    cwd: inRepository(),
    exclude: (name) => ['node_modules', 'dist', 'test', 'coverage'].includes(basename(name)),
  }).sort();
  return title + files.map((file) => `## ${file.slice(path.length + 1)}\n\n${fenced(file)}`).join('\n');
}

function fenced(path: string): string {
  const language = languages[extname(path)] ?? extname(path).slice(1);
  return `\`\`\`\`${language}\n${readFileSync(inRepository(path), 'utf8').trimEnd()}\n\`\`\`\`\n`;
}

/** Where the highlighter has another name for the language than the file. */
const languages: Readonly<Record<string, string>> = { '.yml': 'yaml', '.hbs': 'txt', '': 'sh' };
