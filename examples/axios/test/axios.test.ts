import { findAuthError } from '@auth/core';
import { createEmulator, type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type Ended, runProgram } from '@internal/test-tools';
import { AxiosError } from 'axios';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTeletracker } from '../src/teletracker.js';

let emulator: RunningEmulator;

beforeAll(async () => {
  const vehicles = (): Response => Response.json([{ plate: 'AB-12-CD', place: 'Utrecht' }]);
  emulator = await startEmulator({ api: { bearerLogin: vehicles } });
});
afterAll(() => emulator.close());
beforeEach(() => emulator.bearerLogin.reset());

function run(changes: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { baseUrl, username, password } = emulator.bearerLogin.options;
  return runProgram(new URL('../src/main.ts', import.meta.url), {
    TELETRACKER_URL: baseUrl,
    TELETRACKER_USERNAME: username,
    TELETRACKER_PASSWORD: password,
    ...changes,
  });
}

test('the program prints the vehicles, with one login', async () => {
  expect(await run()).toEqual({ exitCode: 0, stdout: 'AB-12-CD Utrecht\n', stderr: '' });
  expect(emulator.bearerLogin.ledger.logins).toBe(1);
});

test('a wrong password is reported with the error code', async () => {
  const { exitCode, stderr } = await run({ TELETRACKER_PASSWORD: 'not-the-password' });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^invalid_credentials bearer-login login at http:\/\/\S+\/auth\/login: /);
  expect(emulator.bearerLogin.ledger.entries.map(({ outcome }) => outcome)).toEqual(['refused']);
});

test('an error status of the API stays an axios error', async () => {
  emulator.bearerLogin.answerNext({ on: 'api', status: 500 });
  expect(await run()).toMatchObject({ exitCode: 1, stderr: 'TeleTracker answered 500\n' });
});

test('axios wraps the session’s error, and findAuthError finds it', async () => {
  const { bearerLogin, fetch } = createEmulator();
  const api = createTeletracker({ ...bearerLogin.options, password: 'not-the-password', fetch });
  const error = await api.get('/vehicles').catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(AxiosError);
  expect(findAuthError(error)?.code).toBe('invalid_credentials');
});

test('a refused token costs one refresh for all concurrent calls', async () => {
  const { bearerLogin, fetch } = createEmulator();
  const api = createTeletracker({ ...bearerLogin.options, fetch });
  await api.get('/vehicles');
  bearerLogin.revokeAccessTokens();
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.get('/vehicles')));
  expect(answers.every(({ status }) => status === 200)).toBe(true);
  expect(bearerLogin.ledger).toMatchObject({ logins: 1, refreshes: 1 });
});
