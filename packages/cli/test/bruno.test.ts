/**
 * Bruno's command line, which is too large to be installed with everything else: it is downloaded here.
 *
 * @module-tag longest
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pnpm } from '@internal/test-tools';
import { expect, test } from 'vitest';
import { docsBlock } from './support/docs-block.js';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();
const run = promisify(execFile);

/** Runs a collection of one request. Throws where the API refuses it. */
async function bruno(
  collection: string,
  url: string,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const folder = join(scene.home.path, 'collection');
  mkdirSync(folder);
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
  write('bruno.json', '{ "version": "1", "name": "orders", "type": "collection" }');
  write('collection.bru', collection);
  write(
    'orders.bru',
    `meta {\n  name: orders\n}\nget {\n  url: ${url}\n  auth: inherit\n}\nassert {\n  res.status: eq 200\n}\n`,
  );
  const given = Object.entries(variables).flatMap(([name, value]) => ['--env-var', `${name}=${value}`]);
  const [command, ...first] = pnpm();
  const args = [...first, 'dlx', '@usebruno/cli@4.1.0', 'run', 'orders.bru', ...given];
  await run(command, args, { cwd: folder });
}

test('Bruno calls the API through a proxy', { timeout: 300_000 }, async () => {
  await using proxy = await scene.home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0'], 2);
  const [baseUrl = '', key] = proxy.lines;
  await bruno(`headers {\n  ${key}\n}\n`, '{{baseUrl}}/joor/v4/orders', { baseUrl });
  expect(scene.emulator.joor.ledger).toMatchObject({ apiCallsAccepted: 1, logins: 1 });
});

test('Bruno fetches the token before its request', { timeout: 300_000 }, async () => {
  await using serve = await scene.home.listening(['serve', '--listen', '127.0.0.1:0'], 2);
  const [authServe = '', key = ''] = serve.lines;
  const script = docsBlock('postman.md', 'js', 'bru.sendRequest').replaceAll(/^/gm, '  ');
  const collection = `auth {\n  mode: bearer\n}\nauth:bearer {\n  token: {{token}}\n}\nscript:pre-request {\n${script}\n}\n`;
  const authKey = key.slice('x-auth-key: '.length);
  await bruno(collection, scene.emulator.joor.apiUrl, { authServe, authKey });
  expect(scene.emulator.joor.ledger).toMatchObject({ apiCallsAccepted: 1, logins: 1 });
});
