import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm } from '@internal/test-tools';
import { plainEnvironment, run, type Surroundings } from './command.ts';
import { assertLoopback, assertNoRegistryOfItsOwn } from './loopback.ts';
import type { Registry } from './registry.ts';
import { type Manifest, manifestOf, publishedIn, root, scopeOf } from './workspace.ts';

/** A clone of what is committed, like the release workflow's. */
export interface Checkout {
  /** Manifests of the published packages. */
  manifests(): Manifest[];
  /** Applies the changesets at hand, if any. */
  version(): Promise<void>;
  /** Adds a changeset for a patch of one package. */
  addPatch(name: string): Promise<void>;
  /** Publishes what the registry does not have yet. @throws Error unless the registry is on this machine */
  publish(): Promise<void>;
}

/** Clones, installs, and names the registry in the clone's own .npmrc. */
export async function checkOut(cwd: string, registry: Pick<Registry, 'url' | 'token'>): Promise<Checkout> {
  const here: Surroundings = { cwd, env: environment() };
  const manifests = (): Manifest[] => publishedIn(cwd).map((folder) => manifestOf(folder, cwd));
  await run(['git', 'clone', '--quiet', '--no-hardlinks', root, cwd], { cwd: root, env: here.env });
  await run([...pnpm(), 'install', '--frozen-lockfile', '--prefer-offline'], here);
  const setting = `${scopeOf(manifestOf('core', cwd))}:registry`;
  const { host } = new URL(registry.url);
  writeFileSync(join(cwd, '.npmrc'), `${setting}=${registry.url}\n//${host}/:_authToken=${registry.token}\n`);
  return {
    manifests,
    async version() {
      const pending = readdirSync(join(cwd, '.changeset')).some((file) => /^(?!README).*\.md$/.test(file));
      if (!pending) return;
      await run([...pnpm(), 'exec', 'changeset', 'version'], here);
      await run(['git', 'commit', '--quiet', '--all', '--message', 'Version packages'], here);
    },
    async addPatch(name) {
      const message = 'A rehearsal.';
      await run([...pnpm(), 'exec', 'changeset', 'add', '--patch', name, '--message', message], here);
    },
    async publish() {
      await publishFrom(here, setting, manifests());
    },
  };
}

/** Runs the release workflow's command, once it is sure to publish to loopback only. */
export async function publishFrom(
  here: Surroundings,
  setting: string,
  manifests: readonly Manifest[],
): Promise<void> {
  for (const manifest of manifests) assertNoRegistryOfItsOwn(manifest);
  // pnpm publishes, so ask pnpm: the value may come from any file or variable.
  const value = (await run([...pnpm(), 'config', 'get', setting], here)).trim();
  assertLoopback(setting, value === 'undefined' ? undefined : value);
  await run([...pnpm(), 'run', 'release'], here);
}

function environment(): NodeJS.ProcessEnv {
  const name = 'Release rehearsal';
  const email = 'rehearsal@localhost';
  return {
    ...plainEnvironment(),
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    // Shares this checkout's build cache, so that unchanged packages are not built again.
    TURBO_CACHE_DIR: join(root, '.turbo', 'cache'),
    TURBO_TELEMETRY_DISABLED: '1',
  };
}
