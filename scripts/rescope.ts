/**
 * `pnpm rescope @acme` moves all packages to another scope: names, imports, settings and documentation. It changes
 * nothing if the scope cannot be used or something is not committed.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pnpm } from '@internal/test-tools';

if (import.meta.main) rescope(process.cwd(), process.argv[2] ?? '');

function rescope(root: string, to: string): void {
  const read = (file: string): string => readFileSync(join(root, file), 'utf8');
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  const from = scopeOf(read('packages/core/package.json'));

  const isClean = git('status', '--porcelain') === '';
  const objection =
    objectionTo(to, from, read('pnpm-lock.yaml')) ??
    (isClean ? undefined : 'there are changes that are not committed');
  if (objection !== undefined) {
    process.stderr.write(`rescope: ${objection}. Nothing was changed.\n`);
    process.exitCode = 1;
    return;
  }

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
  // Links the packages under their new names, and formats again: names change where lines wrap and imports sort.
  for (const args of [
    ['install', '--no-frozen-lockfile'],
    ['run', 'format'],
  ]) {
    execFileSync(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  process.stdout.write(`${from} is ${to} now, in ${count} files. Look at git diff, then run the check.\n`);
}

/** The scope that the packages are published under, taken from the name of packages/core. */
export function scopeOf(coreManifest: string): string {
  const { name } = JSON.parse(coreManifest) as { name: string };
  return name.slice(0, name.indexOf('/'));
}

/** Why the packages cannot move to a scope; undefined if they can. */
export function objectionTo(scope: string, current: string, lockfile: string): string | undefined {
  if (!/^@[a-z\d][a-z\d-]*$/.test(scope))
    return `"${scope}" is no scope: expected one like @acme, in lower case`;
  if (scope === current) return `${scope} is the scope already`;
  if (lockfile.includes(`'${scope}/`))
    return `${scope} is the scope of dependencies: their names would be ours as well`;
  return undefined;
}

/** A file's text with the packages in another scope. Words that only contain the scope, such as addresses, stay. */
export function moved(text: string, from: string, to: string): string {
  return text.replace(mentions(from), to);
}

/** Matches the scope in names of packages and of the examples, in settings, and by itself. */
export function mentions(scope: string): RegExp {
  return new RegExp(`(?<![\\w.+-])${scope}(?=-examples\\b|(?![\\w-]|\\.\\w))`, 'g');
}

/** Documentation without the warning about a foreign scope, and without the registry setting that it asks for. */
export function withoutWarning(markdown: string, scope: string): string {
  return markdown
    .replaceAll(new RegExp(`^ *npm config set ${scope}:registry .*\\n`, 'gm'), '')
    .replaceAll(/^(?:- )?(?!\n|```|- )[^\n]+\n(?:(?!```|- )[^\n]+\n)*/gm, (paragraph) =>
      /belongs\s+to\s+somebody\s+else/.test(paragraph) ? '' : paragraph,
    )
    .replaceAll(/\n{3,}/g, '\n\n')
    .replace(/\n{2,}$/, '\n');
}
