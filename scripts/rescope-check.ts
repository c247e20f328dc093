/** Moves a clone of what is committed to another scope, and runs the whole check there. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm } from '../packages/test-tools/src/pnpm.ts';

const root = join(import.meta.dirname, '..');
const clone = mkdtempSync(join(tmpdir(), 'rescope-'));
process.once('exit', () => rmSync(clone, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

const run = (command: string, ...args: readonly string[]): void => {
  process.stderr.write(`\n$ ${[command, ...args].join(' ')}\n`);
  execFileSync(command, args, { cwd: clone, stdio: 'inherit' });
};
const [command, ...first] = pnpm();
run('git', 'clone', '--quiet', root, '.');
run(command, ...first, 'install', '--frozen-lockfile', '--prefer-offline');
run(command, ...first, 'run', 'rescope', '@acme');
run(command, ...first, 'run', 'check');
