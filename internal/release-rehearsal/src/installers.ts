import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pnpm } from '@internal/test-tools';
import type { Manifest } from './workspace.ts';

const { resolve } = createRequire(import.meta.url);

/** A package manager as strangers have it. */
export interface Installer {
  readonly name: string;
  readonly add: readonly string[];
  /** Installs again from the lockfile. */
  readonly reinstall: readonly string[];
  /** The command that runs a program of the directory. */
  runtime(manifest: Manifest): readonly string[];
  /** Files that send the scope to the registry; other packages come from the default registry. */
  settings(scope: string, registry: string): Readonly<Record<string, string>>;
  /** Settings that keep caches in our directory: other installations must not find packages published here. */
  caches(directory: string): Readonly<Record<string, string>>;
}

const npmrc = (scope: string, registry: string) => ({ '.npmrc': `${scope}:registry=${registry}\n` });
const yarnClassic = [process.execPath, resolve('yarn-classic/bin/yarn.js'), '--no-progress'];
const yarn = [process.execPath, resolve('@yarnpkg/cli-dist/bin/yarn.js')];
const deno = [process.execPath, resolve('deno/bin.cjs')];
const bun = join(dirname(resolve('bun/package.json')), 'bin', 'bun.exe');

export const installers: readonly Installer[] = [
  {
    name: 'npm',
    add: ['npm', 'install', '--no-audit', '--no-fund'],
    reinstall: ['npm', 'ci', '--no-audit', '--no-fund'],
    runtime: () => ['node'],
    settings: npmrc,
    caches: (directory) => ({ npm_config_cache: directory }),
  },
  {
    name: 'pnpm',
    add: [...pnpm(), 'add'],
    reinstall: [...pnpm(), 'install', '--frozen-lockfile', '--force'],
    runtime: () => ['node'],
    settings: (scope, registry) => ({
      ...npmrc(scope, registry),
      // By default pnpm installs no version that is younger than a day, and fails where a package would run a script:
      // BullMQ's encoder has one, for speed.
      'pnpm-workspace.yaml': `minimumReleaseAgeExclude: ['${scope}/*']\nallowBuilds: { msgpackr-extract: false }\n`,
    }),
    caches: (directory) => ({
      pnpm_config_store_dir: join(directory, 'store'),
      pnpm_config_cache_dir: join(directory, 'cache'),
    }),
  },
  {
    name: 'yarn 1',
    add: [...yarnClassic, 'add'],
    reinstall: [...yarnClassic, 'install', '--frozen-lockfile', '--force'],
    runtime: () => ['node'],
    settings: npmrc,
    caches: (directory) => ({ YARN_CACHE_FOLDER: directory }),
  },
  {
    name: 'yarn 4',
    add: [...yarn, 'add'],
    reinstall: [...yarn, 'install', '--immutable', '--check-cache'],
    // Yarn 4 keeps packages in archives, and node finds them only when yarn starts it.
    runtime: () => [...yarn, 'node'],
    settings: (scope, registry) => ({
      '.yarnrc.yml': [
        `npmScopes: { ${scope.slice(1)}: { npmRegistryServer: '${registry}' } }`,
        "unsafeHttpWhitelist: ['127.0.0.1']",
        `npmPreapprovedPackages: ['${scope}/*']`,
        'enableTelemetry: false',
        '',
      ].join('\n'),
    }),
    caches: (directory) => ({ YARN_GLOBAL_FOLDER: directory }),
  },
  {
    name: 'bun',
    add: [bun, 'add'],
    reinstall: [bun, 'install', '--frozen-lockfile', '--force'],
    // Bun replaces undici with a module of its own, which has no interceptors.
    runtime: ({ peerDependencies }) => (peerDependencies?.['undici'] ? ['node'] : [bun, 'run']),
    settings: npmrc,
    caches: (directory) => ({ BUN_INSTALL_CACHE_DIR: directory }),
  },
  {
    name: 'deno',
    add: [...deno, 'add', '--package-json'],
    reinstall: [...deno, 'install', '--frozen'],
    // Deno does not tell how a program ended that was sent a signal, and the command line is for Node.
    runtime: ({ name }) => (name.endsWith('/cli') ? ['node'] : [...deno, 'run', '--allow-all']),
    settings: (scope, registry) => ({
      ...npmrc(scope, registry),
      // By default Deno, too, installs no version that is younger than a day.
      'deno.json': JSON.stringify({ minimumDependencyAge: { age: 'P1D', exclude: [`npm:${scope}/*`] } }),
    }),
    caches: (directory) => ({ DENO_DIR: directory }),
  },
];
