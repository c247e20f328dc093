/**
 * `pnpm runtimes [--verify]`: runs the suite in every runtime and writes the table into the README. With `--verify`
 * nothing is written, and a missing runtime or an outdated table is a failure, like a failed check.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { says, withTable } from './readme.ts';
import { type Outcome, runRuntime } from './run-runtime.ts';
import { allRuntimes } from './runtimes.ts';
import { failuresOf, missingOf, tableOf } from './table.ts';

const args = process.argv.slice(2);
const isVerifying = args.includes('--verify');
if (args.some((arg) => arg !== '--verify')) {
  process.stderr.write('usage: pnpm runtimes [--verify]\n');
  process.exit(2);
}
// exit() ends the browsers, processes and servers that were started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const file = join(import.meta.dirname, '..', '..', '..', 'README.md');
const outcomes = await runAll();
const table = tableOf(outcomes);
process.stdout.write(`\n${table}\n\n`);

const [missing, failures] = [missingOf(outcomes), failuresOf(outcomes)];
const readme = readFileSync(file, 'utf8');
const isTold = says(readme, table);
for (const line of [...missing, ...failures]) process.stdout.write(`${line}\n`);
if (failures.length > 0) process.exitCode = 1;
if (isVerifying) {
  if (!isTold) process.stdout.write('README.md says something else: run "pnpm runtimes"\n');
  if (!isTold || missing.length > 0) process.exitCode = 1;
} else if (failures.length + missing.length === 0 && !isTold) {
  writeFileSync(file, withTable(readme, table));
  process.stdout.write('Written into README.md.\n');
}

/** Runs as many runtimes at a time as there are processors; returns their outcomes in order. */
async function runAll(): Promise<Outcome[]> {
  const runtimes = allRuntimes();
  const outcomes: Outcome[] = [];
  const waiting = [...runtimes.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, runtime] = next;
      const startedAt = performance.now();
      outcomes[index] = await runRuntime(runtime);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(`${runtime.name} ${runtime.major} ${seconds} s\n`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return outcomes;
}
