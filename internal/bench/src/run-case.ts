import { fork } from 'node:child_process';
import { join } from 'node:path';
import type { CaseResult } from './result.ts';

/** Runs a case in a separate process, with a fresh heap and without code compiled for other cases. */
export function runCase(name: string): Promise<CaseResult[]> {
  return inSeparateProcess(name, 'run') as Promise<CaseResult[]>;
}

/** Runs only the part of a case that measures our library, in a separate process too. */
export function figuresOf<Case extends { figures(): Promise<unknown> }>(
  name: string,
): Promise<Awaited<ReturnType<Case['figures']>>> {
  return inSeparateProcess(name, 'figures') as Promise<Awaited<ReturnType<Case['figures']>>>;
}

function inSeparateProcess(name: string, part: 'run' | 'figures'): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const child = fork(join(import.meta.dirname, 'case-process.ts'), [name, part], {
    // A heap would seem smaller by the code that V8 drops meanwhile.
    execArgv: ['--expose-gc', '--max-semi-space-size=64', '--no-flush-bytecode'],
  });
  child.once('message', resolve);
  child.once('exit', (code) => reject(new Error(`${name} ended with ${code} and without a result`)));
  return promise;
}
