/** The process of one case. */
import { join } from 'node:path';
import type { CaseResult } from './result.ts';

const [, , name = ''] = process.argv;
const { run } = (await import(join(import.meta.dirname, 'cases', `${name}.ts`))) as {
  run(): Promise<CaseResult[]>;
};
process.send?.(await run(), undefined, undefined, () => process.exit());
