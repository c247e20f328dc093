/** Lists a provider in README.md, before the row for a provider of your own. */
export function listProvider(readme: string, name: string): string {
  return before(readme, '| another |', `| [${name}](packages/${name}#readme) | \`@auth/${name}\` |\n`);
}

/** The fields of a manifest that describe its package. */
export interface Words {
  readonly description: string;
  readonly keywords: readonly string[];
}

/** The manifest under another name, for a package that has not been released, and that checks no shapes by itself. */
export function renamed(manifest: string, name: string, words: Words): string {
  const model = JSON.parse(manifest);
  const { zod: _, ...dependencies } = model.dependencies;
  return `${JSON.stringify({ ...model, name, version: '0.0.0', ...words, dependencies }, null, 2)}\n`;
}

function before(text: string, mark: string, inserted: string): string {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`the text has no ${JSON.stringify(mark)} any more`);
  return `${text.slice(0, at)}${inserted}${text.slice(at)}`;
}
