/** Lists which tests hold each line of docs/faults.md. Exits 1 where a line has none. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { numbersIn, testsOf } from './fault-tests.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const numbers = numbersIn(read('docs/faults.md'));
const tests = new Map<number, string[]>(numbers.map((number) => [number, []]));
for (const file of globSync('{packages,examples}/*/test/**/*.test.ts', { cwd: root }).sort()) {
  for (const { number, line } of testsOf(read(file))) tests.get(number)?.push(`${file}:${line}`);
}
const isQuiet = process.argv.includes('--quiet');
for (const [number, places] of tests) {
  if (isQuiet && places.length > 0) continue;
  process.stdout.write(`${String(number).padStart(3)}  ${places.join('  ') || 'NO TEST'}\n`);
}
const gaps = [...tests].filter(([, places]) => places.length === 0).length;
process.stdout.write(`${numbers.length} lines of docs/faults.md, ${gaps} without a test.\n`);
if (gaps > 0) process.exitCode = 1;
