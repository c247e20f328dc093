/** `pnpm bench [case...]`: runs cases one after the other, prints their tables, and saves the results. */
import { render } from './render.ts';
import { load, save } from './results-file.ts';
import { runCase } from './run-case.ts';
import { tableOf, verdictsOf } from './tables.ts';

const cases = [
  'hot',
  'loopback',
  'stampede',
  'revoked',
  'processes',
  'import',
  'size',
  'sessions',
  'scheduler',
  'stores',
  'rotation',
  'fleet-load',
  'fleet-size',
  'fleet-starts',
] as const;

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(cases as readonly string[]).includes(name));
if (unknown.length > 0) {
  process.stderr.write(`usage: pnpm bench [${cases.join('] [')}]\n`);
  process.exit(2);
}
const results = load();
const chosen = cases.filter((name) => wanted.length === 0 || wanted.includes(name));
for (const [index, name] of chosen.entries()) {
  progress(`${index + 1} of ${chosen.length}: ${name}`);
  const startedAt = performance.now();
  const tables = await runCase(name);
  progress('');
  for (const table of tables) process.stdout.write(`\n${tableOf(table)}\n`);
  process.stdout.write(`(${name}: ${((performance.now() - startedAt) / 1_000).toFixed(0)} s)\n`);
  results.cases[name] = tables;
  save(results);
}
const all = cases.flatMap((name) => results.cases[name] ?? []);
process.stdout.write(`\n${verdictsOf(all)}\n`);
render(results, cases);

function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`);
  else if (text !== '') process.stdout.write(`${text}\n`);
}
