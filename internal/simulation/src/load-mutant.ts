import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { rolldown } from 'rolldown';
import { type Core, coreSources, loadCopies } from './core.ts';
import type { Mutant } from './mutants.ts';
import { rewrite } from './rewrite.ts';

/** Loads the engine with a bug in it. @throws Error unless each edit matches exactly one place */
export async function loadMutant({ name, edits }: Mutant): Promise<{ cores: readonly Core[] } & Disposable> {
  const folder = mkdtempSync(join(tmpdir(), 'mutant-'));
  const pending = new Set(edits);
  await using bundle = await rolldown({
    input: join(coreSources, 'index.ts'),
    platform: 'neutral',
    plugins: [
      {
        name,
        transform(source, path) {
          const own = edits.filter(({ file }) => file === relative(coreSources, path));
          for (const edit of own) pending.delete(edit);
          return own.length === 0 ? undefined : rewrite(source, own);
        },
      },
    ],
  });
  await bundle.write({ dir: folder, format: 'esm' });
  for (const { file } of pending) throw new Error(`${name}: there is no ${file}`);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  return {
    cores: await loadCopies(folder),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
