/** Runs in a stranger's directory: imports the package, runs its program, and prints what was installed. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

const [scope = '', ...entries] = process.argv.slice(2);
for (const entry of entries) {
  if (Object.keys(await import(entry)).length === 0) throw new Error(`${entry} exports nothing`);
}
if (existsSync(new URL('./program.mjs', import.meta.url))) await import('./program.mjs' as string);
const { node, bun, deno } = process.versions;
const runtime = bun ? `bun ${bun}` : deno ? `deno ${deno}` : `node ${node}`;
process.stdout.write(`${JSON.stringify({ runtime, versions: versionsFrom(import.meta.url, entries) })}\n`);

/** The scope's packages, with their versions, that resolve from a module, and from those packages in turn. */
function versionsFrom(from: string, specifiers: readonly string[]): Record<string, string> {
  const { resolve } = createRequire(from);
  return Object.assign(
    {},
    ...specifiers.map((specifier) => {
      const path = resolve(specifier);
      const { name = '', version = '', dependencies = {} } = manifestAbove(path);
      const ours = Object.keys(dependencies).filter((dependency) => dependency.startsWith(`${scope}/`));
      return { ...versionsFrom(path, ours), [name]: version };
    }),
  );
}

function manifestAbove(path: string): Manifest {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    const manifest = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : {};
    if (manifest.name !== undefined) return manifest;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${path}`);
  }
}
