import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { CaseResult } from './result.ts';

/** Runs a case in a process of its own: a fresh heap, and nobody else's compiled code. */
export function runCase(name: string): Promise<CaseResult[]> {
  const { promise, resolve, reject } = Promise.withResolvers<CaseResult[]>();
  const child = fork(join(import.meta.dirname, 'case-process.ts'), [name], {
    execArgv: ['--expose-gc', '--max-semi-space-size=64'],
  });
  child.once('message', (tables) => resolve(tables as CaseResult[]));
  child.once('exit', (code) => reject(new Error(`${name} ended with ${code} and without a result`)));
  return promise;
}
