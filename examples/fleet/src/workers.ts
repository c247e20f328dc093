/** Starts two workers. Yours run on as many machines as you like. */
import { fork } from 'node:child_process';
import { join } from 'node:path';

const program = join(import.meta.dirname, 'worker.ts');
const workers = [1, 2].map(() => fork(program));
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.once(signal, () => {
    for (const worker of workers) worker.kill(signal);
  });
