import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { Parser } from 'htmlparser2';
import { beforeAll, describe, expect, test } from 'vitest';
import { asOnNpm, npmReadmes } from '../src/npm-readmes.ts';
import { pages } from '../src/pages.ts';
import { homepage, inRepository, siteFolder } from '../src/repository.ts';

/** The anchors and the links of a page of the finished site. */
interface BuiltPage {
  readonly ids: Set<string>;
  /** Values of `href` and `src`. */
  readonly references: string[];
  /** Those of them that a browser loads by itself. */
  readonly loaded: string[];
}

const folder = inRepository(siteFolder);
let built: Map<string, BuiltPage>;

beforeAll(() => {
  const files = globSync('**/*.html', { cwd: folder });
  if (files.length === 0) throw new Error('There is no site yet: pnpm run site makes it.');
  built = new Map(files.map((file) => [file, read(readFileSync(join(folder, file), 'utf8'))]));
});

describe('the finished site', () => {
  test('has no broken link', () => {
    const broken = [...built].flatMap(([page, { references }]) =>
      references
        .filter((reference) => !/^[a-z]+:/.test(reference) && !leadsSomewhere(page, reference))
        .map((reference) => `${page}: ${reference}`),
    );
    expect(broken).toEqual([]);
  });

  test('loads nothing from other hosts', () => {
    const foreign = [...built].flatMap(([page, { loaded }]) =>
      loaded.filter((url) => /^(https?:)?\/\//.test(url)).map((url) => `${page}: ${url}`),
    );
    expect(foreign).toEqual([]);
  });

  test('shows code within a line as it stands', () => {
    expect(readFileSync(join(folder, 'cli/postman.html'), 'utf8')).toContain('<code>{{token}}</code>');
  });

  test('shows the files that pages link to', () => {
    const html = readFileSync(join(folder, 'source/biome.json.html'), 'utf8');
    expect(html).toContain('noImportCycles');
  });

  test('has no broken link in what it gives language models', () => {
    const files = globSync(['llms*.txt', '**/*.md'], { cwd: folder });
    expect(files).toContain('llms.txt');
    const broken = files.flatMap((file) =>
      [...readFileSync(join(folder, file), 'utf8').matchAll(/\]\((\/[^)#\s]*)(#[^)\s]*)?\)/g)]
        .map(([, path = '']) => path)
        .filter((path) => !existsSync(join(folder, path)))
        .map((path) => `${file}: ${path}`),
    );
    expect(broken).toEqual([]);
  });

  test('has every page that the READMEs on npm link to', () => {
    const known = pages();
    const broken = npmReadmes().flatMap((readme) =>
      [...asOnNpm(readme, known).matchAll(/\]\(([^)\s]+)\)/g)]
        .map(([, href = '']) => href)
        .filter((href) => !href.startsWith('#') && !/^https?:/.test(href.replace(homepage, '/')))
        .filter((href) => !leadsSomewhere('index.html', href.replace(homepage, '/')))
        .map((href) => `${readme}: ${href}`),
    );
    expect(broken).toEqual([]);
  });

  test('has a title and a description of its own on every page', () => {
    const seen = new Map<string, string[]>();
    for (const file of built.keys()) {
      if (/^(404|source|reference)/.test(file)) continue;
      const html = readFileSync(join(folder, file), 'utf8');
      const [, title = ''] = /<title>(.*?)<\/title>/.exec(html) ?? [];
      const [, description = ''] = /<meta name="description" content="(.*?)">/.exec(html) ?? [];
      for (const text of [title, description]) seen.set(text, [...(seen.get(text) ?? []), file]);
    }
    expect([...seen].filter(([text, files]) => text === '' || files.length > 1)).toEqual([]);
  });
});

function leadsSomewhere(page: string, reference: string): boolean {
  const [path = '', fragment = ''] = reference.split('#');
  const absolute = posix.join('/', path.startsWith('/') ? '' : posix.dirname(page), path);
  const file = path === '' ? page : absolute.slice(1).replace(/(^|\/)$/, '$1index.html');
  const target = built.get(file);
  if (target === undefined) return existsSync(join(folder, file));
  return fragment === '' || target.ids.has(decodeURIComponent(fragment));
}

function read(html: string): BuiltPage {
  const page: BuiltPage = { ids: new Set(), references: [], loaded: [] };
  const parser = new Parser({
    onopentag: (tag, { id, href, src }) => {
      if (id !== undefined) page.ids.add(id);
      for (const reference of [href, src]) if (reference !== undefined) page.references.push(reference);
      for (const reference of [tag === 'a' ? undefined : href, src])
        if (reference !== undefined) page.loaded.push(reference);
    },
  });
  parser.end(html);
  return page;
}
