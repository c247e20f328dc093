import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { attempt, type Ended, plainEnvironment, run, type Surroundings } from './command.ts';
import type { Installer } from './installers.ts';
import { type Manifest, scopeOf } from './workspace.ts';

/** What a stranger's program reports about its installation. */
export interface Installed {
  /** Such as `node 24.1.0`. */
  readonly runtime: string;
  /** Versions of the scope's packages, by name. */
  readonly versions: Readonly<Record<string, string>>;
}

const programs = join(import.meta.dirname, '..', 'programs');

/** A fresh directory that belongs to no workspace, and one package manager. */
export class Consumer {
  readonly directory: string;
  readonly #installer: Installer;
  readonly #here: Surroundings;

  /** `registry` undefined: the directory has no setting for the scope. */
  constructor(
    parent: string,
    name: string,
    installer: Installer,
    scope: string,
    registry: string | undefined,
  ) {
    this.directory = join(parent, name);
    this.#installer = installer;
    const caches = installer.caches(join(parent, 'caches', installer.name));
    this.#here = { cwd: this.directory, env: { ...plainEnvironment(), ...caches, CI: 'true' } };
    mkdirSync(this.directory, { recursive: true });
    this.#write('package.json', '{ "name": "stranger", "private": true, "type": "module" }');
    const settings = registry === undefined ? {} : installer.settings(scope, registry);
    for (const [file, text] of Object.entries(settings)) this.#write(file, text);
  }

  /** Installs these packages and nothing else. */
  add(...packages: readonly string[]): Promise<Ended> {
    return attempt([...this.#installer.add, ...packages], this.#here);
  }

  reinstall(): Promise<string> {
    return run(this.#installer.reinstall, this.#here);
  }

  /** Runs the package's program, which finds the account, and the programs of Node, in its environment. */
  async try(manifest: Manifest, login: object | undefined, nodes: readonly string[]): Promise<Installed> {
    const { name, exports = {} } = manifest;
    const scope = scopeOf(manifest);
    const program = join(programs, `${name.slice(scope.length + 1)}.ts`);
    this.#writeStripped(join(programs, 'main.ts'), 'main.mjs');
    if (existsSync(program)) this.#writeStripped(program, 'program.mjs');
    const modules = Object.keys(exports).filter((entry) => !entry.endsWith('.json'));
    const entries = modules.map((entry) => name + entry.slice(1));
    const env = { ...this.#here.env, LOGIN: JSON.stringify(login ?? {}), NODES: nodes.join(':') };
    const command = [...this.#installer.runtime(manifest), 'main.mjs', scope, ...entries];
    const lines = (await run(command, { ...this.#here, env })).trim().split('\n');
    return JSON.parse(lines.at(-1) as string) as Installed;
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.directory, file), text);
  }

  #writeStripped(source: string, file: string): void {
    this.#write(file, stripTypeScriptTypes(readFileSync(source, 'utf8')));
  }
}
