/** Holds the sources to the import rules. Exits 1 with a line for each violation. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { violationsOf } from './import-rules.ts';

const packages = join(import.meta.dirname, '..', 'packages');
const files = globSync('*/src/**/*.ts', { cwd: packages });
const violations = files.flatMap((file) => violationsOf(file, readFileSync(join(packages, file), 'utf8')));
for (const violation of violations) process.stderr.write(`${violation}\n`);
if (violations.length > 0) process.exitCode = 1;
else process.stdout.write(`Imports of ${files.length} files keep the rules.\n`);
