import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { publishFrom } from '../src/checkout.js';
import { plainEnvironment } from '../src/command.js';
import { assertLoopback, assertNoRegistryOfItsOwn } from '../src/loopback.js';

const setting = '@here:registry';

test.each(['http://127.0.0.1:4873/', 'http://127.1.2.3/', 'http://[::1]:4873/', 'http://localhost:4873'])(
  '%s is on this machine',
  (url) => {
    expect(() => assertLoopback(setting, url)).not.toThrow();
  },
);

test.each([
  [undefined, 'is not set'],
  ['', 'is not set'],
  ['127.0.0.1', 'is no URL'],
  ['https://registry.example/', 'is on registry.example'],
  ['http://127.0.0.1@registry.example/', 'is on registry.example'],
  ['http://127.0.0.1.registry.example/', 'is on 127.0.0.1.registry.example'],
  ['http://localhost.registry.example/', 'is on localhost.registry.example'],
  ['http://10.0.0.1:4873/', 'is on 10.0.0.1:4873'],
  ['http://0.0.0.0:4873/', 'is on 0.0.0.0:4873'],
])('%s is refused', (url, reason) => {
  expect(() => assertLoopback(setting, url)).toThrow(`@here:registry must point at loopback, and ${reason}`);
});

test('a package with a registry of its own is refused', () => {
  const manifest = { name: '@here/core', version: '1.0.0' };
  expect(() => assertNoRegistryOfItsOwn({ ...manifest, publishConfig: { access: 'public' } })).not.toThrow();
  for (const name of ['registry', setting]) {
    const publishConfig = { [name]: 'https://registry.example/' };
    expect(() => assertNoRegistryOfItsOwn({ ...manifest, publishConfig })).toThrow(`publishConfig.${name}`);
  }
});

test.each([
  ['no setting', '', 'is not set'],
  ['a foreign registry', `${setting}=https://registry.example/\n`, 'is on registry.example'],
])('with %s nothing is published', async (_, npmrc, reason) => {
  const cwd = releasable(npmrc);
  await expect(publishFrom({ cwd, env: plainEnvironment() }, setting, [])).rejects.toThrow(reason);
  expect(existsSync(join(cwd, 'published'))).toBe(false);
});

test('with a registry on this machine the release command runs', async () => {
  const cwd = releasable(`${setting}=http://127.0.0.1:9/\n`);
  await publishFrom({ cwd, env: plainEnvironment() }, setting, []);
  expect(existsSync(join(cwd, 'published'))).toBe(true);
});

/** A directory whose release command leaves a file. */
function releasable(npmrc: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'guard-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const manifest = { private: true, scripts: { release: 'echo yes > published' } };
  writeFileSync(join(directory, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(directory, '.npmrc'), npmrc);
  return directory;
}
