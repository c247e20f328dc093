/**
 * Makes the site: the reference from the sources, then pages of all Markdown; with `--samples` a page of each kind. Any warning
 * is a failure.
 */
import { join } from 'node:path';
import { build } from 'vitepress';
import { writeReference } from './reference.ts';
import { siteFolder } from './repository.ts';
import { onlySamples } from './samples.ts';
import { writeSources } from './sources.ts';

await writeReference();
writeSources();

const warnings: unknown[] = [];
for (const method of ['warn', 'error'] as const) {
  const write = console[method];
  console[method] = (...values: unknown[]): void => {
    warnings.push(values);
    write(...values);
  };
}
await build(join(import.meta.dirname, '..'));
if (warnings.length > 0) throw new Error(`${warnings.length} warnings: the site has to build without any.`);
process.stdout.write(
  onlySamples ? 'The samples are made.\n' : `The site is in ${siteFolder}: serve that folder as it is.\n`,
);
