import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The engine under test: the built package, or a copy with a bug put in. */
export type Core = typeof import('@auth/core');

/**
 * Loads all built files of the engine from a folder. A later dynamic import would take real time to load its file, and
 * a seed would not run the same way twice.
 */
async function loadCore(folder: string): Promise<Core> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  for (const file of files) await import(pathToFileURL(join(folder, file)).href);
  return (await import(pathToFileURL(join(folder, 'index.js')).href)) as Core;
}

/** Loads the engine and copies of it, each a module of its own: what one knows, the others do not. */
export async function loadCopies(folder: string): Promise<readonly Core[]> {
  const copies = [await loadCore(folder)];
  for (let copy = 1; copy <= 2; copy++) {
    const place = mkdtempSync(join(folderOfCopies(), 'core-'));
    cpSync(folder, place, { recursive: true });
    writeFileSync(join(place, 'package.json'), '{ "type": "module" }');
    copies.push(await loadCore(place));
  }
  return copies;
}

let copiesFolder: string | undefined;

/** Stays until the process ends: Node looks for a module's file at each import, loaded or not. */
function folderOfCopies(): string {
  if (copiesFolder === undefined) {
    const folder = mkdtempSync(join(tmpdir(), 'simulated-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    copiesFolder = folder;
  }
  return copiesFolder;
}

/** The folder of the built engine. */
export const builtCore: string = new URL('.', import.meta.resolve('@auth/core')).pathname.replace(/\/$/, '');

/** The folder of the engine's sources. */
export const coreSources: string = fileURLToPath(new URL('../../../packages/core/src', import.meta.url));
