/**
 * The pages of docs/cli do what they say: their code runs here, with the places of the test in place of the readers'.
 *
 * @module-tag long
 */
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();
const run = promisify(execFile);
const has = (name: string): boolean => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** The block of a page's code that contains a text. */
function block(page: string, language: string, containing: string): string {
  const text = readFileSync(fileURLToPath(new URL(`../../../docs/cli/${page}`, import.meta.url)), 'utf8');
  const blocks = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const found = blocks.find(([, kind, code]) => kind === language && code?.includes(containing))?.[2];
  if (found === undefined) throw new Error(`${page} has no block of ${language} with ${containing}`);
  return found
    .replaceAll('https://apisandbox.jooraccess.com/v4/orders', scene.emulator.joor.apiUrl)
    .replaceAll('/home/ada', scene.home.path);
}

async function shell(
  script: string,
  env: Readonly<Record<string, string>> = scene.home.env,
): Promise<string> {
  const options = { cwd: scene.home.path, env: { ...env, PATH: scene.home.pathWithProgram() } };
  return (await run('sh', ['-ec', script], options)).stdout;
}

/** The same server behind a certificate that nobody has signed. */
async function behindTls(origin: string): Promise<{ readonly origin: string } & AsyncDisposable> {
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(scene.home.path, name)) as [string, string];
  const subject = ['-nodes', '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert];
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', ...subject]);
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    async (request, response) => {
      const { url = '', headers } = request;
      const { authorization = '' } = headers;
      const answer = await fetch(origin + url, { headers: { authorization } });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    },
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

test('cron: a bare environment and a file of variables', async () => {
  const variables = Object.entries(scene.home.env).filter(([name]) => name.startsWith('JOOR_'));
  const file = variables.map(([name, value]) => `${name}=${value}\n`).join('');
  writeFileSync(join(scene.home.path, 'joor.env'), file, { mode: 0o600 });
  const script = block('cron.md', 'sh', 'auth curl');
  for (let times = 0; times < 2; times++) await shell(script, { HOME: scene.home.path });
  const orders = JSON.parse(readFileSync(join(scene.home.path, 'orders.json'), 'utf8'));
  expect([orders.vendor, scene.emulator.joor.ledger.logins]).toEqual(['joor', 1]);
});

test('a CI job: its step runs with the token', async () => {
  const [, step] = /- run: (auth exec .+)/.exec(block('ci.md', 'yaml', 'auth exec')) ?? [];
  const test = '#!/bin/sh\ntest -n "$AUTH_TOKEN" && echo tested\n';
  writeFileSync(join(scene.home.path, 'smoke-test.sh'), test, { mode: 0o755 });
  expect(await shell(step ?? '')).toBe('tested\n');
});

test('Python: with a proxy as the API, and with tokens from serve', async () => {
  const write = (file: string, code: string): void => writeFileSync(join(scene.home.path, file), code);
  write('orders.py', block('python.md', 'python', 'AUTH_PROXY_URL').replace('/v4/', '/joor/v4/'));
  expect(await shell(block('python.md', 'sh', 'auth exec'))).toContain('vendor');
  await using serve = await scene.home.listening(['serve', '--listen', '127.0.0.1:0'], 2);
  write('auth-serve', `${serve.lines.join('\n')}\n`);
  const service = block('python.md', 'python', 'auth-serve');
  const path = `'${join(scene.home.path, 'auth-serve')}'`;
  write('service.py', `import os\n${service.replace(/f'.+?auth-serve'/, path)}\nprint(token)`);
  expect(await shell('python3 service.py')).toBe(await shell('auth token joor'));
});

test('Postman: a collection with the address and the key', async () => {
  await using proxy = await scene.home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0'], 2);
  const [baseUrl, line = ''] = proxy.lines;
  const [key, value] = line.split(': ');
  const collection = {
    info: { name: 'orders', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
    variable: [{ key: 'baseUrl', value: baseUrl }],
    item: [
      {
        name: 'orders',
        request: { method: 'GET', url: '{{baseUrl}}/joor/v4/orders', header: [{ key, value }] },
        event: [
          { listen: 'test', script: { exec: ['pm.test("ok", () => pm.response.to.have.status(200));'] } },
        ],
      },
    ],
  };
  const file = join(scene.home.path, 'collection.json');
  writeFileSync(file, JSON.stringify(collection));
  const newman = createRequire(import.meta.url).resolve('newman/bin/newman.js');
  await run(process.execPath, [newman, 'run', file, '--silent'], { env: scene.home.env });
  expect(scene.emulator.joor.ledger).toMatchObject({ apiCallsAccepted: 1, logins: 1 });
});

test.runIf(has('kubectl'))('kubectl: its plugin hands the token on', async () => {
  const { joor } = scene.emulator;
  const user = block('kubectl.md', 'yaml', 'exec:')
    .replace('oauth2-password', 'joor')
    .replace(/, --config, [^\]]+/, '');
  const { origin, pathname } = new URL(joor.apiUrl);
  // kubectl hands tokens to no server without TLS.
  await using server = await behindTls(origin);
  const kubeconfig = [
    'apiVersion: v1\nkind: Config\ncurrent-context: here',
    `clusters: [{ name: here, cluster: { server: '${server.origin}', insecure-skip-tls-verify: true } }]`,
    'contexts: [{ name: here, context: { cluster: here, user: ada } }]',
    user,
  ].join('\n');
  writeFileSync(join(scene.home.path, 'kubeconfig'), kubeconfig);
  expect(await shell(`kubectl --kubeconfig kubeconfig get --raw ${pathname}`)).toContain('"vendor":"joor"');
  expect(joor.ledger).toMatchObject({ apiCallsAccepted: 1, logins: 1 });
});
