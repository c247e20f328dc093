import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isAuthError } from '@auth/core';
import { manualClock } from '@auth/testing/clock';
import { createEmulator, startEmulator } from '@auth/testing/emulator';
import { runProgram } from '@internal/test-tools';
import { expect, test } from 'vitest';
import { createJoor } from '../src/joor.js';

/** JOOR, and a vault that holds what a test puts there, on one clock. */
function scene() {
  const clock = manualClock();
  const { joor, fetch } = createEmulator({ clock });
  const { clientSecret, clientId, username, baseUrl, password } = joor.options;
  const secrets: Record<string, string> = { client_secret: clientSecret, password };
  const asked: string[] = [];
  const readSecret = async (path: string, field: string): Promise<string> => {
    asked.push(`${path} ${field}`);
    return secrets[field] as string;
  };
  const session = createJoor(readSecret, { baseUrl, clientId, username, clock, fetch });
  const call = (): Promise<string> =>
    session.fetch(joor.apiUrl).then(
      ({ status }) => `${status}`,
      (error: unknown) => (isAuthError(error) ? error.code : String(error)),
    );
  return { clock, joor, secrets, asked, call };
}

test('the vault is read before each login, and not for calls in between', async () => {
  const { clock, joor, secrets, asked, call } = scene();
  for (let calls = 0; calls < 5; calls++) expect(await call()).toBe('200');
  expect(asked.toSorted()).toEqual(['joor client_secret', 'joor password']);

  joor.addAccount(joor.options.username, 'rotated');
  secrets['password'] = 'rotated';
  await clock.advance(24 * 3_600_000);
  expect(await call()).toBe('200');
  expect(joor.ledger.entries.map(({ outcome }) => outcome)).toEqual(['issued', 'issued']);
});

test('a refused password is sent once; the vault is read once a minute, and a new password is sent', async () => {
  const { clock, joor, secrets, asked, call } = scene();
  secrets['password'] = 'expired-password';
  const outcomes = (): string[] => joor.ledger.entries.map(({ outcome }) => outcome);
  const reads = (): number => asked.filter((what) => what === 'joor password').length;
  expect(await call()).toBe('invalid_credentials');
  for (let second = 0; second < 59; second++) {
    expect(await call()).toBe('login_blocked');
    await clock.advance(1_000);
  }
  expect(reads()).toBe(1);

  await clock.advance(1_000);
  for (let calls = 0; calls < 3; calls++) expect(await call()).toBe('login_blocked');
  expect(reads()).toBe(2);
  expect(outcomes()).toEqual(['refused']);

  secrets['password'] = joor.options.password;
  expect(await call()).toBe('login_blocked');
  await clock.advance(60_000);
  expect(await call()).toBe('200');
  expect(reads()).toBe(3);
  expect(outcomes()).toEqual(['refused', 'issued']);
});

test('the program reads its secrets from Vault; if Vault refuses, nothing is sent to JOOR', async () => {
  await using emulator = await startEmulator({ api: { joor: () => Response.json([1, 2, 3]) } });
  const { baseUrl, clientId, clientSecret, username, password } = emulator.joor.options;
  const server = createServer(({ url, headers }, response) => {
    const isGood = url === '/v1/secret/data/joor' && headers['x-vault-token'] === 'vault-token';
    response.writeHead(isGood ? 200 : 403, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isGood ? { data: { data: { password, client_secret: clientSecret } } } : {}));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const run = (vaultToken: string) =>
    runProgram(new URL('../src/main.ts', import.meta.url), {
      JOOR_AUTH_URL: baseUrl,
      JOOR_API_URL: new URL('.', emulator.joor.apiUrl).href.replace(/\/$/, ''),
      JOOR_CLIENT_ID: clientId,
      JOOR_USERNAME: username,
      VAULT_ADDR: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      VAULT_TOKEN: vaultToken,
    });
  expect(await run('another-token')).toMatchObject({
    exitCode: 1,
    stderr:
      'credentials_unavailable joor login: the credentials could not be obtained: password: its function threw Error\n',
  });
  expect(emulator.joor.ledger.tokenCalls).toBe(0);
  expect(await run('vault-token')).toEqual({ exitCode: 0, stdout: '3 orders\n', stderr: '' });
  expect(emulator.joor.ledger.logins).toBe(1);
  server.close();
});
