/** Exits 1 if a published package has changed on this branch and no changeset names it. */
import { join } from 'node:path';
import { packagesWithoutChangeset } from './changesets.ts';

const [ref = 'origin/main'] = process.argv.slice(2);
const missing = await packagesWithoutChangeset(join(import.meta.dirname, '..'), ref);
for (const name of missing) process.stderr.write(`${name} has changed, and no changeset names it.\n`);
if (missing.length > 0) {
  process.stderr.write(
    'Add one with "pnpm changeset", or "pnpm changeset --empty" where no user need be told.\n',
  );
  process.exitCode = 1;
}
