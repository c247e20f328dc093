import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listProvider, renamed } from '../../turbo/generators/edits.js';
import { checkName } from '../../turbo/generators/names.js';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const isTaken = (folder: string): boolean => ['joor', 'store-redis'].includes(folder);

test.each([
  '',
  'Acme',
  'acme_login',
  'acme/login',
  '../acme',
  '9acme',
  'acme-',
  'acme-2',
  '-acme',
  'acme login',
])('%j is not a valid name', (name) => {
  expect(checkName(name, '', isTaken)).toContain('is no package name');
});

test.each([
  ['joor', '', 'joor: there is one already'],
  ['redis', 'store-', 'store-redis: there is one already'],
  ['store-etcd', '', 'pnpm new:store makes one'],
  ['store-etcd', 'store-', 'leave out "store-"'],
])('%s, after the prefix %j, is refused with a reason', (name, prefix, reason) => {
  expect(checkName(name, prefix, isTaken)).toContain(reason);
});

test.each([
  ['acme', ''],
  ['oauth2-gateway', ''],
  ['joor', 'store-'],
])('%s, after the prefix %j, is a valid name', (name, prefix) => {
  expect(checkName(name, prefix, isTaken)).toBe(true);
});

test('a new provider is listed in the README, before the row for a provider of your own', () => {
  const added = (file: string, edit: (text: string) => string): string => {
    const [before, after] = [read(file), edit(read(file))];
    const at = [...before].findIndex((letter, index) => letter !== after[index]);
    return after.slice(at, at + after.length - before.length);
  };
  expect(added('README.md', (text) => listProvider(text, 'zebra'))).toContain('(packages/zebra#readme)');
});

test('a manifest is the model’s under another name, without zod', () => {
  const words = { description: 'Auth client for zebra.', keywords: ['zebra'] };
  const model = JSON.parse(read('packages/password-refresh/package.json'));
  const manifest = JSON.parse(renamed(JSON.stringify(model), '@auth/zebra', words));
  const { zod, ...dependencies } = model.dependencies;
  expect(zod).toBeDefined();
  expect(manifest).toEqual({ ...model, ...words, name: '@auth/zebra', version: '0.0.0', dependencies });
});

test('throws when the README has no list of providers', () => {
  expect(() => listProvider('nothing of the kind', 'zebra')).toThrow('has no');
});
