/**
 * Generates a provider and a store in a clone of what is committed, and runs every package's checks on them. Prints a
 * line for each step. Exits 1 at the first step that fails, with its output.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm as runningPnpm } from '@internal/test-tools';

const root = join(import.meta.dirname, '..');
const place = mkdtempSync(join(tmpdir(), 'scaffold-'));
const clone = join(place, 'clone');
const [provider, store] = ['sample-login', 'store-sample-place'] as const;
const filters = [provider, store].flatMap((name) => ['--filter', `@auth/${name}`]);
const own = `(${provider}|${store})`;
const vitest = (...args: string[]): string[] => [
  'vitest',
  'run',
  '--config',
  '../../vitest.config.ts',
  ...args,
];
const released = `${own}, packed|the example ${own}-|TypeScript 7 .*READMEs compile`;

const pnpm = (...args: string[]): string[] => [...runningPnpm(), ...args];
const install = pnpm('install', '--prefer-offline', '--no-frozen-lockfile');
const steps: readonly (readonly [what: string, command: readonly string[]])[] = [
  ['clone', ['git', 'clone', '--quiet', root, clone]],
  ['install', install],
  [`new:provider ${provider}`, pnpm('new:provider', '--args', provider)],
  [`new:store ${store}`, pnpm('new:store', '--args', store.slice('store-'.length))],
  ['install', install],
  ['lint', pnpm('lint')],
  ['build, tests with the suites among them', pnpm('exec', 'turbo', 'run', 'build', 'test', ...filters)],
  ['its API, written down', pnpm('api')],
  ['types', pnpm('typecheck')],
  ['as released', pnpm('--filter', '@internal/release-rehearsal', 'exec', ...vitest('-t', released))],
];

const settings = {
  // Keeps pnpm from installing before a script: in CI that would fail for packages that the lockfile does not have.
  pnpm_config_verify_deps_before_run: 'false',
  TURBO_TELEMETRY_DISABLED: '1',
  // Packages that are the same here need not be built again.
  TURBO_CACHE_DIR: join(root, '.turbo', 'cache'),
};

try {
  for (const [what, [command = '', ...args]] of steps) {
    const startedAt = performance.now();
    const cwd = what === 'clone' ? root : clone;
    const env = { ...process.env, ...settings };
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    process.stdout.write(`${what.padEnd(48)} ${seconds.padStart(5)} s  ${status === 0 ? 'ok' : 'FAILED'}\n`);
    if (status === 0) continue;
    process.stdout.write(`${stdout}${stderr}`);
    process.exitCode = 1;
    break;
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
