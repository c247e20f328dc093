import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type Ended, runProgram } from '@internal/test-tools';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

let emulator: RunningEmulator;
let asked: string | undefined;

beforeAll(async () => {
  const orders = ({ url }: Request): Response => {
    asked = new URL(url).search;
    return Response.json([{ id: 'order-7', total: 120 }]);
  };
  emulator = await startEmulator({ api: { joor: orders } });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.joor.reset());

function run(changes: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { baseUrl, clientId, clientSecret, username, password } = emulator.joor.options;
  return runProgram(new URL('../src/main.ts', import.meta.url), {
    JOOR_AUTH_URL: baseUrl,
    JOOR_API_URL: new URL('.', emulator.joor.apiUrl).href,
    JOOR_CLIENT_ID: clientId,
    JOOR_CLIENT_SECRET: clientSecret,
    JOOR_USERNAME: username,
    JOOR_PASSWORD: password,
    ...changes,
  });
}

test('the program prints the orders, with one login', async () => {
  expect(await run()).toEqual({ exitCode: 0, stdout: 'order-7 120\n', stderr: '' });
  expect(asked).toBe('?status=open');
  expect(emulator.joor.ledger.logins).toBe(1);
});

test('ky retries a 503 of the API with the same token', async () => {
  emulator.joor.answerNext({ on: 'api', status: 503, headers: { 'retry-after': '0' } });
  expect(await run()).toMatchObject({ exitCode: 0, stdout: 'order-7 120\n' });
  expect(emulator.joor.ledger.tokenCalls).toBe(1);
});

test('a wrong password is sent once, although ky retries', async () => {
  const { exitCode, stderr } = await run({ JOOR_PASSWORD: 'not-the-password' });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^invalid_credentials joor login at http:\/\/\S+: /);
  expect(emulator.joor.ledger.entries.map(({ outcome }) => outcome)).toEqual(['refused']);
});
