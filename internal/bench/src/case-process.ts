/** The process of one case: runs the whole case, or only the figures of our library. */
import { join } from 'node:path';

const [, , name = '', part = ''] = process.argv;
const parts = (await import(join(import.meta.dirname, 'cases', `${name}.ts`))) as Record<
  string,
  () => Promise<unknown>
>;
process.send?.(await parts[part]?.(), undefined, undefined, () => process.exit());
