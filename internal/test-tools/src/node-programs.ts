import { join } from 'node:path';

const modules = join(import.meta.dirname, '..', 'node_modules');

/** The program of each Node by its major version; one that is not installed does not exist. */
export const nodePrograms = {
  22: join(modules, `node-22-linux-${process.arch}`, 'bin', 'node'),
  24: process.execPath,
  26: join(modules, `node-26-linux-${process.arch}`, 'bin', 'node'),
} as const;
