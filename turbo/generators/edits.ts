/** Allows a package the imports of its kind, in scripts/import-rules.ts. */
export function allowImports(rules: string, name: string, kind: 'provider' | 'common'): string {
  return before(rules, "  'store-file':", `  '${name}': ${kind},\n`);
}

/** Counts a package in, in vitest.config.ts. */
export function countCoverage(config: string, name: string): string {
  return before(config, '}/src/**', `,${name}`);
}

/** Lists a provider in README.md, before the line on providers of one's own. */
export function listProvider(readme: string, name: string): string {
  return before(readme, '| another |', `| [${name}](packages/${name}#readme) | \`@auth/${name}\` |\n`);
}

/** Adds a package of this workspace to a manifest's devDependencies. */
export function dependOn(manifest: string, name: string): string {
  const parsed = JSON.parse(manifest) as { devDependencies: Record<string, string> };
  const all = Object.entries({ ...parsed.devDependencies, [name]: 'workspace:^' });
  const devDependencies = Object.fromEntries(all.sort(([left], [right]) => (left < right ? -1 : 1)));
  return `${JSON.stringify({ ...parsed, devDependencies }, null, 2)}\n`;
}

/** What a package says of itself. */
export interface Words {
  readonly description: string;
  readonly keywords: readonly string[];
}

/** The manifest of another package that has not been released. */
export function renamed(manifest: string, name: string, words: Words): string {
  return `${JSON.stringify({ ...JSON.parse(manifest), name, version: '0.0.0', ...words }, null, 2)}\n`;
}

function before(text: string, mark: string, inserted: string): string {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`the text has no ${JSON.stringify(mark)} any more`);
  return `${text.slice(0, at)}${inserted}${text.slice(at)}`;
}
