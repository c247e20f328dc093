/**
 * Moves all packages to another scope: names, imports, settings and documentation. Changes nothing where the scope is
 * no good or something is not committed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm } from '../packages/test-tools/src/pnpm.ts';
import { moved, objectionTo, scopeOf, withoutWarning } from './scope.ts';

const [to = ''] = process.argv.slice(2);
const root = process.cwd();
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' });
const from = scopeOf(read('packages/core/package.json'));

const objection = objectionTo(to, from, read('pnpm-lock.yaml'));
if (objection !== undefined) fail(objection);
if (git('status', '--porcelain') !== '') fail('there are changes that are not committed');

let count = 0;
for (const file of git('ls-files', '-z').split('\0').filter(Boolean)) {
  const text = read(file);
  if (text.includes('\0')) continue;
  const changed = moved(file.endsWith('.md') ? withoutWarning(text, from) : text, from, to);
  if (changed === text) continue;
  writeFileSync(join(root, file), changed);
  count++;
}
const [command, ...first] = pnpm();
// Links the packages under their new names, and brings lines and imports into the order that the names ask for.
for (const args of [
  ['install', '--no-frozen-lockfile'],
  ['run', 'format'],
]) {
  execFileSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
}
process.stdout.write(`${from} is ${to} now, in ${count} files. Look at git diff, then run the check.\n`);

function fail(message: string): never {
  process.stderr.write(`rescope: ${message}. Nothing was changed.\n`);
  process.exit(1);
}
