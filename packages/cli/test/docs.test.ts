/**
 * The pages of docs/cli do what they say: their code runs here, with the places of the test in place of the readers'.
 *
 * @module-tag long
 */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { find } from '@internal/test-tools';
import { expect, test } from 'vitest';
import { docsBlock } from './support/docs-block.js';
import { sceneOfEachTest } from './support/scene.js';

const scene = sceneOfEachTest();
const run = promisify(execFile);

/** A block of a page, with the places of this test. */
function block(page: string, language: string, containing: string): string {
  return docsBlock(page, language, containing)
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
  write('service.py', `${service.replace(/f'.+?auth-serve'/, path)}\nprint(token)`);
  expect(await shell('python3 service.py')).toBe(await shell('auth token joor'));
});

/** Runs a collection of one request by Postman's own runner. Throws where the API refuses it. */
async function postman(
  request: { readonly url: string; readonly header: object[] },
  variables: Readonly<Record<string, string>>,
  before = '',
): Promise<void> {
  const accepted = 'pm.test("accepted", () => pm.response.to.have.status(200));';
  const collection = {
    info: { name: 'orders', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' },
    variable: Object.entries(variables).map(([name, given]) => ({ key: name, value: given })),
    auth: { type: 'bearer', bearer: [{ key: 'token', value: '{{token}}' }] },
    event: [{ listen: 'prerequest', script: { exec: before.split('\n') } }],
    item: [
      {
        name: 'orders',
        request: { method: 'GET', ...request },
        event: [{ listen: 'test', script: { exec: [accepted] } }],
      },
    ],
  };
  const file = join(scene.home.path, 'collection.json');
  writeFileSync(file, JSON.stringify(collection));
  const newman = createRequire(import.meta.url).resolve('newman/bin/newman.js');
  await run(process.execPath, [newman, 'run', file, '--silent'], { env: scene.home.env });
}

test('Postman calls the API through a proxy', async () => {
  await using proxy = await scene.home.listening(['proxy', 'joor', '--listen', '127.0.0.1:0'], 2);
  const [baseUrl = '', key = ''] = proxy.lines;
  const header = [{ key: 'x-auth-key', value: key.slice('x-auth-key: '.length) }];
  await postman({ url: '{{baseUrl}}/joor/v4/orders', header }, { baseUrl });
  expect(scene.emulator.joor.ledger).toMatchObject({ apiCallsAccepted: 1, logins: 1 });
});

test('Postman fetches the token before its request', async () => {
  await using serve = await scene.home.listening(['serve', '--listen', '127.0.0.1:0'], 2);
  const [authServe = '', key = ''] = serve.lines;
  const authKey = key.slice('x-auth-key: '.length);
  const script = block('postman.md', 'js', 'pm.sendRequest');
  await postman({ url: scene.emulator.joor.apiUrl, header: [] }, { authServe, authKey }, script);
  expect(scene.emulator.joor.ledger).toMatchObject({ apiCallsAccepted: 1, logins: 1 });
});

// Debian's kubectl is older than the shape that plugins have today.
test.runIf(find(['kubectl']))('kubectl: its plugin hands the token on', async () => {
  const { joor } = scene.emulator;
  const user = block('kubectl.md', 'yaml', 'exec:')
    .replace('oauth2-password', 'joor')
    .replace(/\n +- --config=.+/, '');
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
