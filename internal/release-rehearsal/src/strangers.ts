import { existsSync } from 'node:fs';
import type { Emulator, VendorHandle } from '@auth/testing/emulator';
import { nodePrograms } from '@internal/test-tools';
import { Consumer } from './consumer.ts';
import type { Installer } from './installers.ts';
import type { Row } from './table.ts';
import { type Manifest, scopeOf } from './workspace.ts';

/** Packages whose program logs in, and the vendor it logs in to. */
const vendors = {
  joor: 'joor',
  'bearer-login': 'bearerLogin',
  'password-refresh': 'passwordRefresh',
  'jwt-login': 'jwtLogin',
  core: 'jwtLogin',
  'provider-utils': 'jwtLogin',
  undici: 'jwtLogin',
  cli: 'joor',
} as const;

/** What is installed beside a package so that its program can log in. */
const companions: Readonly<Record<string, readonly string[]>> = { cli: ['joor'] };

/** The program of the command line runs on each of these, and logs in on each. */
const nodes = Object.values(nodePrograms).filter((program) => existsSync(program));

/** How package managers say that there is no such package, and that there is no such version. */
const refusals = {
  'no such package': /E404|404 Not Found|- 404|YN0035|Couldn't find package/,
  'no such version':
    /ETARGET|NO_MATCHING_VERSION|YN0082|Couldn't find any versions|No version matching|Could not find npm package '[^']+' matching/,
};

/** People who install what is published, each in a directory of their own. */
export class Strangers {
  readonly #parent: string;
  readonly #registry: string;
  readonly #emulator: Emulator;
  readonly #scope: string;
  /** The newest versions when these strangers install, by name. */
  readonly #newest: Readonly<Record<string, string>>;
  /** Installations by package, version and installer. */
  readonly #consumers = new Map<string, Consumer>();

  constructor(parent: string, registry: string, emulator: Emulator, published: readonly Manifest[]) {
    this.#parent = parent;
    this.#registry = registry;
    this.#emulator = emulator;
    this.#scope = scopeOf(published[0] as Manifest);
    this.#newest = Object.fromEntries(published.map(({ name, version }) => [name, version]));
  }

  /** A new user installs only this package, and gets the newest versions of its dependencies in the scope. */
  install(manifest: Manifest, installer: Installer): Promise<Row> {
    return this.#row(manifest, installer, async () => {
      const consumer = this.#consumer(manifest, installer, this.#registry);
      const beside = companions[this.#shortNameOf(manifest)] ?? [];
      const { succeeded, output } = await consumer.add(
        manifest.name,
        ...requiredPeers(manifest),
        ...beside.map((name) => `${this.#scope}/${name}`),
      );
      if (!succeeded) throw new Error(output);
      return this.#try(consumer, manifest);
    });
  }

  /** A user who already has the package installs again from the lockfile. */
  stay(manifest: Manifest, installer: Installer): Promise<Row> {
    return this.#row(manifest, installer, async () => {
      const consumer = this.#consumer(manifest, installer, this.#registry);
      await consumer.reinstall();
      const seen = await this.#try(consumer, manifest);
      return { ...seen, result: `${seen.result}, from its lockfile` };
    });
  }

  /** A user without the registry setting asks for a version that is published here. */
  forget({ name, version }: Manifest, installer: Installer): Promise<Row> {
    return this.#row({ name, version: `^${version}` }, installer, async () => {
      const consumer = this.#consumer({ name, version: 'elsewhere' }, installer, undefined);
      const { succeeded, output } = await consumer.add(`${name}@^${version}`);
      if (succeeded) throw new Error('something was installed from another registry');
      const [refusal] = Object.entries(refusals).find(([, words]) => words.test(output)) ?? [];
      if (refusal === undefined) throw new Error(output);
      return { runtime: '-', result: `refused without the setting: ${refusal}` };
    });
  }

  async #try(consumer: Consumer, manifest: Manifest): Promise<Pick<Row, 'runtime' | 'result'>> {
    const vendor = this.#vendorOf(manifest);
    const username = `stranger-${crypto.randomUUID()}`;
    const account = { username, password: crypto.randomUUID() };
    vendor?.addAccount(account.username, account.password);
    const login = vendor && { ...vendor.options, ...account, apiUrl: vendor.apiUrl };
    const { runtime, versions } = await consumer.try(manifest, login, nodes);
    for (const [name, version] of Object.entries(versions)) {
      const newest = this.#newest[name];
      if (version !== newest) throw new Error(`${name} ${version} was installed, not ${newest}`);
    }
    const issued = vendor?.ledger.entries
      .filter((entry) => entry.account === username)
      .map(({ outcome }) => outcome);
    const logins = this.#shortNameOf(manifest) === 'cli' ? nodes.length : 1;
    if (issued !== undefined && issued.join() !== Array(logins).fill('issued').join())
      throw new Error(`the server saw these logins: ${issued.join() || 'none'}`);
    return { runtime, result: vendor === undefined ? 'works' : 'logs in' };
  }

  #vendorOf(manifest: Manifest): VendorHandle<object> | undefined {
    const vendor = vendors[this.#shortNameOf(manifest) as keyof typeof vendors];
    return vendor && this.#emulator[vendor];
  }

  #shortNameOf({ name }: Pick<Manifest, 'name'>): string {
    return name.slice(this.#scope.length + 1);
  }

  #consumer({ name, version }: Manifest, installer: Installer, registry: string | undefined): Consumer {
    const folder = `${this.#shortNameOf({ name })}-${version}-${installer.name.replace(' ', '-')}`;
    const existing = this.#consumers.get(folder);
    if (existing !== undefined) return existing;
    const consumer = new Consumer(this.#parent, folder, installer, this.#scope, registry);
    this.#consumers.set(folder, consumer);
    return consumer;
  }

  async #row(
    { name, version }: Manifest,
    installer: Installer,
    check: () => Promise<Pick<Row, 'runtime' | 'result'>>,
  ): Promise<Row> {
    const known = { package: name, version, installer: installer.name };
    try {
      return { ...known, ...(await check()) };
    } catch (error) {
      const { message } = error as Error;
      process.stderr.write(`\n${name} ${version} by ${installer.name}: ${message}\n\n`);
      return { ...known, runtime: '-', result: 'FAILED', failed: true };
    }
  }
}

/** What the package expects its user to install beside it. */
function requiredPeers({ peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): string[] {
  return Object.entries(peerDependencies)
    .filter(([name]) => peerDependenciesMeta[name]?.optional !== true)
    .map(([name, range]) => `${name}@${range}`);
}
