/**
 * Writes the JavaScript of the package in this folder: one file for each of its exports and programs, and one for each of its
 * dynamic imports, because a program that starts pays for every file it loads. Its dependencies stay outside.
 */
import { readFileSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly default: string }>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;
const outside = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
const files = Object.values(manifest.exports).map(({ default: file }) => file);
const entries = [...new Set([...files, ...Object.values(manifest.bin ?? {})])].map((file) =>
  file.replace('./dist/', '').replace(/\.js$/, ''),
);

rmSync('dist', { recursive: true, force: true });
/** The part of provider-utils that a session needs before its first exchange belongs into the provider's own file. */
const inlined = '@auth/provider-utils';

const bundle = await rolldown({
  input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  external: (id) =>
    id !== inlined &&
    (id.startsWith('node:') || outside.some((name) => id === name || id.startsWith(`${name}/`))),
  plugins: [
    {
      name: 'what an exchange needs stays in provider-utils',
      resolveId: (id, importer) =>
        id === './wire.js' && importer?.includes('/provider-utils/dist/')
          ? { id: `${inlined}/wire`, external: true }
          : undefined,
    },
  ],
  platform: 'neutral',
  // What Node 22 runs: it has no `using`.
  transform: { target: 'es2024' },
  // Code that a dynamic import shares with its entry stays in the entry, so there is no third file to load.
  preserveEntrySignatures: 'allow-extension',
  onLog: (_level, { message }) => {
    throw new Error(message);
  },
});
await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  chunkFileNames: '[name].js',
  comments: { legal: true, annotation: true, jsdoc: false },
});
