import { execFileSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..', '..');
const packages = join(root, 'packages');

/** The packages that are published. */
export const published: readonly string[] = readdirSync(packages).filter((name) => !manifestOf(name).private);

interface Manifest {
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** What the user brings. */
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

function manifestOf(name: string): Manifest {
  return JSON.parse(readFileSync(join(packages, name, 'package.json'), 'utf8')) as Manifest;
}

/** A fresh directory with the packed packages in its node_modules, as an installation would leave it. */
export class Workbench implements Disposable {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'consumer-'));

  constructor() {
    const packed = join(this.directory, 'packed');
    const modules = join(this.directory, 'node_modules');
    mkdirSync(packed);
    mkdirSync(join(modules, '@auth'), { recursive: true });
    const filters = published.flatMap((name) => ['--filter', `./packages/${name}`]);
    const [command, ...first] = pnpm();
    const args = [...first, '-r', ...filters, 'pack', '--pack-destination', packed];
    execFileSync(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const name of published) {
      const target = join(modules, '@auth', name);
      mkdirSync(target);
      execFileSync('tar', ['xzf', this.tarball(name), '-C', target, '--strip-components=1']);
      const { dependencies, peerDependencies } = manifestOf(name);
      for (const dependency of Object.keys({ ...dependencies, ...peerDependencies })) {
        this.#link(name, dependency);
      }
    }
    this.#linkFrom(root, '@types/node');
    writeFileSync(join(this.directory, 'package.json'), '{ "type": "module" }');
  }

  /** A package as it would be published. */
  tarball(name: string): string {
    const packed = join(this.directory, 'packed');
    const file = readdirSync(packed).find((candidate) => new RegExp(`^auth-${name}-\\d`).test(candidate));
    return join(packed, file as string);
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.directory, file), text);
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
    if (!dependency.startsWith('@auth/')) this.#linkFrom(join(packages, owner), dependency);
  }

  #linkFrom(owner: string, dependency: string): void {
    const target = join(this.directory, 'node_modules', dependency);
    mkdirSync(join(target, '..'), { recursive: true });
    rmSync(target, { force: true });
    symlinkSync(realpathSync(join(owner, 'node_modules', dependency)), target);
  }
}

/** The pnpm that runs this, or the same version by npx where a test is run on its own. */
function pnpm(): [string, ...string[]] {
  const running = process.env['npm_execpath'] ?? '';
  return /\bpnpm(\.\w+)?$/.test(running) ? [running] : ['npx', '-y', 'pnpm@12.21.0'];
}

/** A block of TypeScript in a README. */
export interface Block {
  /** Such as `joor-1`. */
  readonly name: string;
  readonly code: string;
  /** Marked to be run as well. */
  readonly runs: boolean;
}

/** All blocks of TypeScript in the READMEs of the project and of its published packages. */
export function readmeBlocks(): Block[] {
  const places = [
    ['project', join(root, 'README.md')],
    ...published.map((name) => [name, join(packages, name, 'README.md')]),
  ];
  return places.flatMap(([name, path]) =>
    [...readFileSync(path as string, 'utf8').matchAll(/^```ts( run)?\n([\s\S]*?)^```$/gm)].map(
      ([, run, code], index) => ({
        name: `${name}-${index + 1}`,
        code: code as string,
        runs: run !== undefined,
      }),
    ),
  );
}
