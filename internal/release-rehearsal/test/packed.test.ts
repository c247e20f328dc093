/** @module-tag long */
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mapFaults } from './source-maps.js';
import { published, Workbench } from './workbench.js';

const run = promisify(execFile);

/** All that a package may consist of. */
const parts = [
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/,
  /^dist\/[\w/-]+\.(js|js\.map|d\.ts|d\.ts\.map)$/,
  /^src\/[\w/-]+\.ts$/,
  /^grafana\/[\w-]+\.json$/,
];

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly keywords?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

let bench: Workbench;
beforeAll(() => {
  bench = new Workbench();
}, 60_000);
afterAll(() => bench[Symbol.dispose]());

const folderOf = (name: string): string => join(bench.directory, 'node_modules', '@auth', name);
const filesOf = (name: string): string[] =>
  globSync('**', { cwd: folderOf(name), withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folderOf(name).length + 1));
const manifestOf = (name: string): Packed =>
  JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')) as Packed;
const specifiersOf = (name: string): string[] =>
  Object.keys(manifestOf(name).exports).map((entry) => `@auth/${name}${entry.slice(1)}`);

describe.each(published)('@auth/%s, packed', (name) => {
  test('holds what it needs and nothing else', () => {
    const files = filesOf(name);
    expect(files.filter((file) => !parts.some((part) => part.test(file)))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE']));
    const { exports, bin = {} } = manifestOf(name);
    const named = [
      ...Object.values(exports).flatMap((targets) => Object.values(targets)),
      ...Object.values(bin),
    ];
    expect(files).toEqual(expect.arrayContaining(named.map((path) => path.replace('./', ''))));
  });

  test('has the manifest fields that registries and bundlers ask for', () => {
    const manifest = manifestOf(name);
    expect(manifest).toMatchObject({
      name: `@auth/${name}`,
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      description: expect.stringMatching(/^[A-Z].+\.$/),
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: { node: expect.stringMatching(/^>=22(\.\d+)?$/) },
      publishConfig: { access: 'public' },
    });
    expect(manifest.keywords?.length).toBeGreaterThan(2);
    for (const targets of Object.values(manifest.exports)) {
      // Resolvers take the first condition that matches, so `types` must come first.
      expect(Object.keys(targets)).toEqual(['types', 'default']);
    }
    expect(Object.keys(manifest.scripts ?? {}).filter((script) => /install|prepare/.test(script))).toEqual(
      [],
    );
  });

  test('depends on caret ranges, and on no workspace', () => {
    const { dependencies = {}, peerDependencies = {}, ...rest } = manifestOf(name);
    expect(JSON.stringify(rest)).not.toContain('workspace:');
    for (const [dependency, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
      expect(`${dependency} ${range}`).toMatch(/ \^\d+\.\d+\.\d+$/);
      const own = /^@auth\/(.+)$/.exec(dependency)?.[1];
      if (own !== undefined) expect(range).toBe(`^${manifestOf(own).version}`);
    }
  });

  test('has source maps that lead to the sources in it', () => {
    const folder = folderOf(name);
    const compiled = filesOf(name).filter((file) => /^dist\/.*\.(js|d\.ts)$/.test(file));
    expect(compiled.length).toBeGreaterThan(1);
    expect(compiled.flatMap((file) => mapFaults(folder, file))).toEqual([]);
  });

  test('passes publint, strictly', async () => {
    const pkgDir = folderOf(name);
    const { messages } = await publint({ pkgDir, pack: false, strict: true });
    const manifest = manifestOf(name) as object as Record<string, unknown>;
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  test('has types that are right wherever ESM is resolved', async () => {
    const attw = join(import.meta.dirname, '..', 'node_modules', '.bin', 'attw');
    const args = [bench.tarball(name), '--profile', 'esm-only', '--no-color', '--format', 'ascii'];
    const failure = await run(attw, args).then(
      () => '',
      ({ stdout, stderr }) => `${stdout}${stderr}`,
    );
    expect(failure).toBe('');
  });
});

test('require() gives the module that import gives, without a warning', async () => {
  const specifiers = published.flatMap((name) => specifiersOf(name));
  bench.write('require.cjs', required);
  const { stdout, stderr } = await run(process.execPath, ['require.cjs', ...specifiers], {
    cwd: bench.directory,
  });
  expect(stderr).toBe('');
  expect(stdout.trim().split('\n')).toEqual(specifiers.map((specifier) => `${specifier} true`));
});

const required = `
const all = process.argv.slice(2).map((specifier) => [specifier, require(specifier)]);
(async () => {
  for (const [specifier, module] of all) {
    const isSame = module === (await import(specifier)) && Object.keys(module).length > 0;
    console.log(specifier, isSame);
  }
})();
`;
