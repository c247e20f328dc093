import { fileURLToPath } from 'node:url';

/** The engine under test: the built package, or a copy with a bug put in. */
export type Core = typeof import('@auth/core');

/** Loads the engine from a folder with its built files. */
export async function loadCore(folder: string): Promise<Core> {
  return (await import(new URL('index.js', `file://${folder}/`).href)) as Core;
}

/** Where the built engine is. */
export const builtCore: string = new URL('.', import.meta.resolve('@auth/core')).pathname.replace(/\/$/, '');

/** The same, a file for each of its sources. */
export const coreInFiles: string = fileURLToPath(new URL('../dist/core', import.meta.url));
