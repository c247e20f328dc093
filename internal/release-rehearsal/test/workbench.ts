import { execFileSync } from 'node:child_process';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { pnpm } from '@internal/test-tools';
import { manifestOf, publishedIn, root, scopeOf } from '../src/workspace.js';

const packages = join(root, 'packages');

/** The packages that are published. */
export const published: readonly string[] = publishedIn(root);

/** Libraries in the examples of docs/guides and docs/migration.md, and types that come in packages of their own. */
const documented = [
  '@badgateway/oauth2-client',
  '@grpc/grpc-js',
  '@modelcontextprotocol/sdk',
  '@nestjs/common',
  '@nestjs/core',
  '@trpc/client',
  '@types/express',
  '@types/pg',
  '@types/react',
  '@types/simple-oauth2',
  '@types/ws',
  'axios',
  'axios-auth-refresh',
  'eventsource',
  'express',
  'fastify',
  'google-auth-library',
  'graphql-request',
  'lru-cache',
  'openid-client',
  'react',
  'react-dom',
  'reflect-metadata',
  'server-only',
  'simple-oauth2',
  'undici-oidc-interceptor',
  'ws',
];

/** A fresh directory with the packed packages in its node_modules, as an installation would leave it. */
export class Workbench implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'consumer-'));

  constructor() {
    const packed = join(this.directory, 'packed');
    const modules = join(this.directory, 'node_modules');
    mkdirSync(packed);
    const filters = published.flatMap((name) => ['--filter', `./packages/${name}`]);
    const [command, ...first] = pnpm();
    const args = [...first, '-r', ...filters, 'pack', '--pack-destination', packed];
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const name of published) {
      const manifest = manifestOf(name);
      const target = join(modules, manifest.name);
      mkdirSync(target, { recursive: true });
      execFileSync('tar', ['xzf', this.tarball(name), '-C', target, '--strip-components=1']);
      const { dependencies, peerDependencies } = manifest;
      for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
        this.#link(name, dependency);
      }
    }
    this.#linkFrom(root, '@types/node');
    for (const library of documented) this.#linkFrom(join(root, 'internal', 'release-rehearsal'), library);
    writeFileSync(join(this.directory, 'package.json'), '{ "type": "module" }');
  }

  /** A package as it would be published. */
  tarball(name: string): string {
    const manifest = manifestOf(name);
    return join(
      this.directory,
      'packed',
      `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`,
    );
  }

  write(file: string, text: string): void {
    const path = join(this.directory, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  copy(source: string, file: string): void {
    cpSync(join(root, source), join(this.directory, file));
  }

  remove(file: string): void {
    rmSync(join(this.directory, file));
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }

  #link(owner: string, dependency: string): void {
    if (!dependency.startsWith(`${scopeOf(manifestOf(owner))}/`))
      this.#linkFrom(join(packages, owner), dependency);
  }

  #linkFrom(owner: string, dependency: string): void {
    const target = join(this.directory, 'node_modules', dependency);
    mkdirSync(join(target, '..'), { recursive: true });
    rmSync(target, { force: true });
    symlinkSync(realpathSync(join(owner, 'node_modules', dependency)), target);
  }
}

/** A block of TypeScript in a README or a page of the documentation. */
export interface Block {
  /** Such as `joor-1`. */
  readonly name: string;
  /** The file that its first line names, or one of its own. */
  readonly file: string;
  readonly code: string;
  /** Marked to be run as well. */
  readonly runs: boolean;
}

/** All blocks of TypeScript in the READMEs of the project and of its published packages, and in `docs`. */
export function readmeBlocks(): Block[] {
  const places = [
    ['project', join(root, 'README.md')],
    ...published.map((name) => [name, join(packages, name, 'README.md')]),
    ...globSync('docs/**/*.md', { cwd: root }).map((path) => [nameOf(path), join(root, path)]),
  ];
  return places.flatMap(([name, path]) =>
    [...readFileSync(path as string, 'utf8').matchAll(/^```(tsx?)( run)?\n([\s\S]*?)^```$/gm)].map(
      ([, extension, run, code = ''], index) => {
        const [, file = `example-${name}-${index + 1}.${extension}`] = /^\/\/ (\S+\.tsx?)\n/.exec(code) ?? [];
        return { name: `${name}-${index + 1}`, file, code, runs: run !== undefined };
      },
    ),
  );
}

/** Such as `docs-getting-started-joor`. */
function nameOf(path: string): string {
  return path.replace(/\.md$/, '').replaceAll(sep, '-').toLowerCase();
}
