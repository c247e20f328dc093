/**
 * Rehearses a release: publishes what is committed to a registry on loopback, and installs it as strangers do. Its last
 * lines are a table of what they met. Exits 1 where anything of it failed.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmulator } from '@auth/testing/emulator';
import { checkOut } from './checkout.ts';
import { inParallel } from './in-parallel.ts';
import { installers } from './installers.ts';
import { startRegistry } from './registry.ts';
import { Strangers } from './strangers.ts';
import { table } from './table.ts';
import type { Manifest } from './workspace.ts';

const directory = mkdtempSync(join(tmpdir(), 'release-test-'));
process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const place = (name: string): string => {
  mkdirSync(join(directory, name));
  return join(directory, name);
};

await using registry = await startRegistry(place('registry'));
await using emulator = await startEmulator();
say('clone and install');
const checkout = await checkOut(place('checkout'), registry);
await checkout.version();
say('publish');
await checkout.publish();
const before = checkout.manifests();
const joor = joorOf(before);

say('every package alone');
const strangers = new Strangers(place('strangers'), registry.url, emulator, before);
const pairs = before.flatMap((manifest) => installers.map((installer) => ({ manifest, installer })));
const rows = await inParallel(pairs, ({ manifest, installer }) => strangers.install(manifest, installer));

say('a patch of joor');
await checkout.addPatch(joor.name);
await checkout.version();
await checkout.publish();
const after = checkout.manifests();
for (const { name, version } of before) {
  const expected = name === joor.name ? [version, joorOf(after).version] : [version];
  const published = await registry.versions(name);
  if (published.join() !== expected.join())
    throw new Error(`of ${name} ${published.join()} is published, not ${expected.join()}`);
}
const newcomers = new Strangers(place('newcomers'), registry.url, emulator, after);
rows.push(...(await inParallel(installers, (installer) => strangers.stay(joor, installer))));
rows.push(...(await inParallel(installers, (installer) => newcomers.install(joorOf(after), installer))));

say('without the registry setting');
const tempting = before.filter(({ name }) => /\/(core|joor)$/.test(name));
const forgetful = tempting.flatMap((manifest) => installers.map((installer) => ({ manifest, installer })));
rows.push(
  ...(await inParallel(forgetful, ({ manifest, installer }) => strangers.forget(manifest, installer))),
);

process.stdout.write(`\n${table(rows)}\n`);
if (rows.some(({ failed }) => failed)) process.exitCode = 1;

function joorOf(manifests: readonly Manifest[]): Manifest {
  const joor = manifests.find(({ name }) => name.endsWith('/joor'));
  if (joor === undefined) throw new Error('there is no package joor');
  return joor;
}

function say(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}
