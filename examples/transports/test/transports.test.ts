import { readFileSync } from 'node:fs';
import type { Transport } from '@auth/core';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type Certificates, makeCertificates, runProgram } from '@internal/test-tools';
import type { Dispatcher } from 'undici';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { throughProxy, trusting, withCertificate, withConnections } from '../src/dispatchers.ts';
import { overNode, overUndici } from '../src/hand-over.ts';
import { openProxy, openTls } from './support/network.ts';

const [proxyUser, proxyPassword] = ['ada', 'of the proxy'];
let certificates: Certificates;
let emulator: RunningEmulator;
beforeAll(async () => {
  certificates = makeCertificates();
  emulator = await startEmulator();
});
afterAll(async () => {
  certificates[Symbol.dispose]();
  await emulator.close();
});
beforeEach(() => emulator.passwordRefresh.reset());

const emulatorPort = (): number => Number(new URL(emulator.url).port);
const at = (port: number) => ({
  ...emulator.passwordRefresh.options,
  baseUrl: `https://localhost:${port}/password-refresh`,
});

/** Logs in, calls the API, and calls it again after a refusal. */
async function work(port: number, transport?: Transport): Promise<number[]> {
  const options = at(port);
  const session = createPasswordRefreshAuth({ ...options, ...(transport && { fetch: transport }) });
  const call = async (): Promise<number> => (await session.fetch(`${options.baseUrl}/trips`)).status;
  const statuses = [await call()];
  emulator.passwordRefresh.revokeAccessTokens();
  statuses.push(await call());
  await session.close();
  return statuses;
}

const ways: Readonly<Record<string, (dispatcher: Dispatcher) => Transport>> = {
  'undici’s own fetch': overUndici,
  'Node’s fetch': overNode,
};

describe.each(Object.entries(ways))('over %s', (_, over) => {
  test('a private authority: refused without its certificate, trusted with it', async () => {
    await using server = await openTls(emulatorPort(), certificates);
    await expect(work(server.port)).rejects.toMatchObject({ code: 'network', delivery: 'not_sent' });
    const dispatcher = trusting(certificates.ca);
    expect(await work(server.port, over(dispatcher))).toEqual([200, 200]);
    await dispatcher.close();
  });

  test('mutual TLS: both logins and calls show the certificate', async () => {
    await using server = await openTls(emulatorPort(), certificates, true);
    const without = trusting(certificates.ca);
    await expect(work(server.port, over(without))).rejects.toMatchObject({ code: 'network' });
    await without.close();
    const dispatcher = withCertificate({ ca: certificates.ca, ...certificates.client });
    expect(await work(server.port, over(dispatcher))).toEqual([200, 200]);
    await dispatcher.close();
  });

  test('a proxy: logins and calls go through it, and a wrong password of the proxy is an error', async () => {
    await using server = await openTls(emulatorPort(), certificates);
    await using proxy = await openProxy(proxyUser, proxyPassword);
    const uri = `http://127.0.0.1:${proxy.port}`;
    const refused = throughProxy(uri, proxyUser, 'another', certificates.ca);
    await expect(work(server.port, over(refused))).rejects.toMatchObject({ code: 'network' });
    await refused.destroy();
    expect(server.connections).toBe(0);
    const dispatcher = throughProxy(uri, proxyUser, proxyPassword, certificates.ca);
    expect(await work(server.port, over(dispatcher))).toEqual([200, 200]);
    expect(server.connections).toBe(proxy.connections);
    await dispatcher.close();
  });

  test('a limit of connections: twenty calls at once use four, and keep them', async () => {
    await using server = await openTls(emulatorPort(), certificates);
    const dispatcher = withConnections(4, certificates.ca);
    const options = at(server.port);
    const session = createPasswordRefreshAuth({ ...options, fetch: over(dispatcher) });
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: 20 }, () => session.fetch(`${options.baseUrl}/trips`));
      const answers = await Promise.all(calls);
      expect(answers.map(({ status }) => status)).toEqual(calls.map(() => 200));
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
    }
    expect(server.connections).toBeLessThanOrEqual(4);
    await session.close();
    await dispatcher.close();
  });
});

test('Node’s own variables do without code: a proxy, and a private authority', async () => {
  await using server = await openTls(emulatorPort(), certificates);
  await using proxy = await openProxy(proxyUser, proxyPassword);
  const { baseUrl, username, password } = at(server.port);
  const ended = await runProgram(new URL('../src/main.ts', import.meta.url), {
    SIMACAN_URL: baseUrl,
    SIMACAN_USERNAME: username,
    SIMACAN_PASSWORD: password,
    NODE_EXTRA_CA_CERTS: certificates.ca,
    NODE_USE_ENV_PROXY: '1',
    HTTPS_PROXY: `http://${proxyUser}:${encodeURIComponent(proxyPassword)}@127.0.0.1:${proxy.port}`,
  });
  expect(ended).toEqual({ exitCode: 0, stdout: '200\n', stderr: '' });
  expect(proxy.connections).toBeGreaterThan(0);
});

test('the page about transports shows this code', () => {
  const page = readFileSync(new URL('../../../docs/transports.md', import.meta.url), 'utf8');
  for (const file of ['dispatchers.ts', 'hand-over.ts'])
    expect(page).toContain(readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8'));
});
