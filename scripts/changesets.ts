import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getChangedPackagesSinceRef } from '@changesets/git';
import { readChangesets } from '@changesets/read';

/** The published packages that have changed since `ref`, and that no changeset added since then names. */
export async function packagesWithoutChangeset(root: string, ref: string): Promise<string[]> {
  const config = readFileSync(join(root, '.changeset', 'config.json'), 'utf8');
  const { changedFilePatterns } = JSON.parse(config) as { changedFilePatterns: string[] };
  const changed = await getChangedPackagesSinceRef({ cwd: root, ref, changedFilePatterns });
  const changesets = await readChangesets(root, ref);
  // An empty changeset says that users need not be told.
  if (changesets.some(({ releases }) => releases.length === 0)) return [];
  const named = new Set(changesets.flatMap(({ releases }) => releases.map(({ name }) => name)));
  return changed
    .filter(({ packageJson }) => packageJson.private !== true && !named.has(packageJson.name))
    .map(({ packageJson }) => packageJson.name)
    .sort();
}
