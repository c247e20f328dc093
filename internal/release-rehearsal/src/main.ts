/**
 * Rehearses a release: publishes what is committed to a registry on loopback, and installs it as strangers do. Ends
 * with a table of the results. Exits 1 if anything failed. With `--every-installer` every package manager installs
 * every package; else all install joor, npm and pnpm the command line, and one each of the others.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startEmulator } from '@auth/testing/emulator';
import { checkOut } from './checkout.ts';
import { inParallel } from './in-parallel.ts';
import { type Installer, installers } from './installers.ts';
import { startRegistry } from './registry.ts';
import { Strangers } from './strangers.ts';
import { table } from './table.ts';
import { type Manifest, root } from './workspace.ts';

const { values } = parseArgs({ options: { 'every-installer': { type: 'boolean' } } });
const directory = mkdtempSync(join(tmpdir(), 'release-rehearsal-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const place = (name: string): string => {
  mkdirSync(join(directory, name));
  return join(directory, name);
};

await using registry = await startRegistry(place('registry'));
await using emulator = await startEmulator();
say('clone and install what is committed');
const checkout = await checkOut(place('checkout'), registry);
await checkout.version();
say('publish');
await checkout.publish();
const before = checkout.manifests();
const joor = joorOf(before);

say('every package alone');
const strangers = new Strangers(place('strangers'), registry.url, emulator, before);
const rows = await inParallel(
  values['every-installer'] ? pairs(before) : shared(before),
  ([manifest, installer]) => strangers.install(manifest, installer),
);

say('a patch of joor');
await checkout.addPatch(joor.name);
await checkout.version();
await checkout.publish();
const after = checkout.manifests();
for (const { name, version } of before) {
  const expected = name === joor.name ? [version, joorOf(after).version] : [version];
  const published = await registry.versions(name);
  const failed = published.join() !== expected.join();
  const result = failed ? `FAILED: ${published.join(', ')} published` : `${published.join(', ')} published`;
  rows.push({ package: name, version, installer: '-', runtime: '-', result, failed });
}
rows.push(...(await inParallel(pairs([joor]), ([, installer]) => strangers.stay(joor, installer))));
const newcomers = new Strangers(place('newcomers'), registry.url, emulator, after);
const patched = pairs([joorOf(after)]);
rows.push(...(await inParallel(patched, ([manifest, installer]) => newcomers.install(manifest, installer))));

// After a move to a scope of our own the README has no such warning, and there is no foreign package to install.
if (/belongs\s+to\s+somebody\s+else/.test(readFileSync(join(root, 'README.md'), 'utf8'))) {
  say('without the registry setting');
  // Core exists elsewhere, and every installer might take it. Joor does not: one installer stands for all.
  const tempting = pairs(before).filter(
    ([{ name }, installer]) => name.endsWith('/core') || (name.endsWith('/joor') && installer.name === 'npm'),
  );
  rows.push(
    ...(await inParallel(tempting, ([manifest, installer]) => strangers.forget(manifest, installer))),
  );
}

process.stdout.write(`\n${table(rows)}\n`);
if (rows.some(({ failed }) => failed)) process.exitCode = 1;

function pairs(manifests: readonly Manifest[]): [Manifest, Installer][] {
  return manifests.flatMap((manifest) => installers.map((each): [Manifest, Installer] => [manifest, each]));
}

/** All install joor, npm and pnpm the command line, and one each of the others. */
function shared(manifests: readonly Manifest[]): [Manifest, Installer][] {
  return pairs(manifests).filter(([{ name }, installer], index) => {
    if (name.endsWith('/joor')) return true;
    if (name.endsWith('/cli')) return installer.name === 'npm' || installer.name === 'pnpm';
    const position = Math.floor(index / installers.length);
    return position % installers.length === installers.indexOf(installer);
  });
}

function joorOf(manifests: readonly Manifest[]): Manifest {
  const joor = manifests.find(({ name }) => name.endsWith('/joor'));
  if (joor === undefined) throw new Error('there is no package joor');
  return joor;
}

function say(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}
