/** Lists the tests of each line of docs/faults.md. Exits 1 where a line has none. `--quiet` prints only such lines. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { faultLines, taggedPlaces } from './fault-lines.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const lines = faultLines(read('docs/faults.md'));
const places = new Map<string, string[]>(lines.map(({ number }) => [number, []]));
for (const file of globSync('{packages,internal,examples}/*/test/**/*.test.ts', { cwd: root }).sort()) {
  for (const { number, line } of taggedPlaces(read(file))) places.get(number)?.push(`${file}:${line}`);
}
const isQuiet = process.argv.includes('--quiet');
for (const [number, tests] of places) {
  if (isQuiet && tests.length > 0) continue;
  process.stdout.write(`${number.padStart(4)}  ${tests.join('  ') || 'NO TEST'}\n`);
}
const gaps = [...places.values()].filter((tests) => tests.length === 0).length;
process.stdout.write(`${lines.length} lines of docs/faults.md, ${gaps} without a test.\n`);
if (gaps > 0) process.exitCode = 1;
