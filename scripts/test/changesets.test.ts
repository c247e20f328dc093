import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packagesWithoutChangeset } from '../changesets.js';
import { TemporaryRepository } from './temporary-repository.js';

const files = {
  'package.json': '{ "name": "root", "private": true }',
  'pnpm-workspace.yaml': 'packages: [packages/*]\n',
  '.changeset/config.json': readFileSync(join(import.meta.dirname, '../../.changeset/config.json'), 'utf8'),
  '.changeset/before.md': changeset('pear'),
  'packages/apple/package.json': '{ "name": "apple", "version": "1.0.0" }',
  'packages/pear/package.json': '{ "name": "pear", "version": "1.0.0" }',
  'packages/tools/package.json': '{ "name": "tools", "version": "0.0.0", "private": true }',
};

test.each([
  ['a source', { 'packages/pear/src/index.ts': '' }, ['pear']],
  ['what npm shows', { 'packages/pear/README.md': '# Pear' }, ['pear']],
  ['two packages', { 'packages/pear/src/a.ts': '', 'packages/apple/src/a.ts': '' }, ['apple', 'pear']],
  [
    'a source, with a changeset',
    { 'packages/pear/src/a.ts': '', '.changeset/new.md': changeset('pear') },
    [],
  ],
  [
    'a source, with a changeset for another',
    { 'packages/pear/src/a.ts': '', '.changeset/new.md': changeset('apple') },
    ['pear'],
  ],
  [
    'a source, with an empty changeset',
    { 'packages/pear/src/a.ts': '', '.changeset/new.md': '---\n---\n' },
    [],
  ],
  ['tests alone', { 'packages/pear/test/index.test.ts': '' }, []],
  ['a private package', { 'packages/tools/src/index.ts': '' }, []],
  ['no package', { 'README.md': '# Fruit' }, []],
])('a branch that changes %s', async (_, change, expected) => {
  using repository = new TemporaryRepository(files);
  repository.git('switch', '--quiet', '--create', 'branch');
  repository.commit(change);
  expect(await packagesWithoutChangeset(repository.directory, 'main')).toEqual(expected);
});

test('changes on main since the branch do not count', async () => {
  using repository = new TemporaryRepository(files);
  repository.git('branch', 'branch');
  repository.commit({ 'packages/apple/src/index.ts': '' });
  repository.git('switch', '--quiet', 'branch');
  repository.commit({ 'packages/pear/src/index.ts': '' });
  expect(await packagesWithoutChangeset(repository.directory, 'main')).toEqual(['pear']);
});

function changeset(name: string): string {
  return `---\n'${name}': patch\n---\n\nRiper.\n`;
}
