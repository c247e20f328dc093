import { fileURLToPath } from 'node:url';

/** The engine under test: the built package, or a copy with a bug put in. */
export type Core = typeof import('@auth/core');

/** Loads the engine from a folder with its built files. */
export async function loadCore(folder: string): Promise<Core> {
  return (await import(new URL('index.js', `file://${folder}/`).href)) as Core;
}

/** Where the built engine is. */
export const builtCore: string = new URL('.', import.meta.resolve('@auth/core')).pathname.replace(/\/$/, '');

/** Where its sources are. */
export const coreSources: string = fileURLToPath(new URL('../../../packages/core/src', import.meta.url));
