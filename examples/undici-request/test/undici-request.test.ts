import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type Ended, runProgram } from '@internal/test-tools';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

let emulator: RunningEmulator;
let answer: (path: string) => unknown;

/** A hundred trips, every tenth of them late. */
function trips(path: string): unknown {
  const id = /\/trips\/(\d+)$/.exec(path)?.[1];
  if (id === undefined) return Array.from({ length: 100 }, (_, index) => `${index}`);
  return { id, late: Number(id) % 10 === 0 };
}

beforeAll(async () => {
  const api = ({ url }: Request): Response => Response.json(answer(new URL(url).pathname));
  emulator = await startEmulator({ api: { passwordRefresh: api } });
});
afterAll(() => emulator.close());
beforeEach(() => {
  emulator.passwordRefresh.reset();
  answer = trips;
});

function run(): Promise<Ended> {
  const { baseUrl, username, password } = emulator.passwordRefresh.options;
  return runProgram(new URL('../src/main.ts', import.meta.url), {
    SIMACAN_AUTH_URL: baseUrl,
    SIMACAN_API_URL: baseUrl,
    SIMACAN_USERNAME: username,
    SIMACAN_PASSWORD: password,
  });
}

test('a hundred concurrent requests share the token of one login', async () => {
  expect(await run()).toEqual({ exitCode: 0, stdout: '10 of 100 trips were late\n', stderr: '' });
  expect(emulator.passwordRefresh.ledger).toMatchObject({ tokenCalls: 1, apiCallsAccepted: 101 });
});

test('a token revoked in the midst of the requests costs one refresh', async () => {
  answer = (path) => {
    if (path.endsWith('/trips')) emulator.passwordRefresh.revokeAccessTokens();
    return trips(path);
  };
  expect(await run()).toMatchObject({ exitCode: 0, stdout: '10 of 100 trips were late\n' });
  expect(emulator.passwordRefresh.ledger).toMatchObject({ logins: 1, refreshes: 1 });
});

test('a 503 of the API is retried with the same token', async () => {
  emulator.passwordRefresh.answerNext({ on: 'api', status: 503, headers: { 'retry-after': '0' } });
  expect(await run()).toMatchObject({ exitCode: 0, stdout: '10 of 100 trips were late\n' });
  expect(emulator.passwordRefresh.ledger).toMatchObject({ tokenCalls: 1, apiCallsAccepted: 101 });
});
