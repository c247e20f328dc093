import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TemporaryRepository } from './temporary-repository.js';

const files = {
  'packages/core/package.json': '{ "name": "@here/core" }',
  'pnpm-lock.yaml': "'@types/node@24.0.0':\n",
};

test('a scope that cannot be used is refused, and nothing is written', () => {
  using repository = new TemporaryRepository(files);
  const { status, stderr } = rescope(repository, '@types');
  expect(status).toBe(1);
  expect(stderr).toContain('rescope: @types is the scope of dependencies');
  expect(repository.git('status', '--porcelain')).toBe('');
});

test('uncommitted changes are refused, and nothing is written', () => {
  using repository = new TemporaryRepository(files);
  writeFileSync(join(repository.directory, 'new.ts'), "import '@here/core';\n");
  const { status, stderr } = rescope(repository, '@acme');
  expect(status).toBe(1);
  expect(stderr).toContain('not committed');
  expect(repository.git('status', '--porcelain')).toBe('?? new.ts\n');
});

function rescope(repository: TemporaryRepository, scope: string) {
  const script = join(import.meta.dirname, '..', 'rescope.ts');
  return spawnSync('node', [script, scope], { cwd: repository.directory, encoding: 'utf8' });
}
