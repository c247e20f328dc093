import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type Ended, runProgram } from '@internal/test-tools';
import { afterEach, beforeEach, expect, test } from 'vitest';

let emulator: RunningEmulator;
let directory: string;

beforeEach(async () => {
  emulator = await startEmulator({ api: { passwordRefresh: () => Response.json(['trip-1', 'trip-2']) } });
  directory = mkdtempSync(join(tmpdir(), 'cron-job-'));
});
afterEach(async () => {
  await emulator.close();
  rmSync(directory, { recursive: true });
});

function run(changes: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { baseUrl, username, password } = emulator.passwordRefresh.options;
  return runProgram(new URL('../src/main.ts', import.meta.url), {
    SIMACAN_AUTH_URL: baseUrl,
    SIMACAN_API_URL: baseUrl,
    SIMACAN_USERNAME: username,
    SIMACAN_PASSWORD: password,
    TOKENS_DIRECTORY: directory,
    ...changes,
  });
}

const calls = (): string[] =>
  emulator.passwordRefresh.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);

test('the second run does not log in, and a run after the token expired refreshes', async () => {
  expect(await run()).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\S+Z 2 trips\n$/) });
  expect(await run()).toMatchObject({ exitCode: 0, stderr: '' });
  expect(calls()).toEqual(['login issued']);
  emulator.passwordRefresh.expireTokens();
  expect(await run()).toMatchObject({ exitCode: 0, stderr: '' });
  expect(calls()).toEqual(['login issued', 'refresh issued']);
});

test('only the first run sends a wrong password, and a corrected password is sent at once', async () => {
  const wrong = { SIMACAN_PASSWORD: 'not-the-password' };
  expect((await run(wrong)).stderr).toMatch(/^invalid_credentials /);
  expect(await run(wrong)).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^login_blocked /) });
  expect(calls()).toEqual(['login refused']);
  expect((await run()).exitCode).toBe(0);
  expect(calls()).toEqual(['login refused', 'login issued']);
});

test('an unavailable server gives the exit code for another try', async () => {
  emulator.passwordRefresh.answerNext({ status: 503 });
  expect(await run()).toMatchObject({ exitCode: 75, stderr: expect.stringMatching(/^server_unavailable /) });
});
