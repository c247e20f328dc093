import { createEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { bearerLoginFromEnv, createBearerLoginAuth, teletracker } from '../src/index.js';

const account = { BEARER_LOGIN_USERNAME: 'ada@example.com', BEARER_LOGIN_PASSWORD: 'correct-horse' };

test('an account in the environment logs in', async () => {
  const { fetch, bearerLogin } = createEmulator();
  const { baseUrl } = bearerLogin.options;
  const variables = { ...account, BEARER_LOGIN_BASE_URL: baseUrl, BEARER_LOGIN_ACCOUNT_ID: '7' };
  using session = createBearerLoginAuth({ ...teletracker(), ...bearerLoginFromEnv(variables), fetch });
  await session.getTokens();
  expect(bearerLogin.ledger.entries).toMatchObject([
    { endpoint: 'login', outcome: 'issued', accountId: '7' },
  ]);
});

test('what is wrong is refused by name, and what is missing by its variable', () => {
  const wrong = (name: string, value: string) => () =>
    createBearerLoginAuth({ ...teletracker(), ...bearerLoginFromEnv({ ...account, [name]: value }) });
  for (const id of ['seven', ' ', '0x1F', '1e3'])
    expect(wrong('BEARER_LOGIN_ACCOUNT_ID', id)).toThrow('accountId: expected a whole number');
  expect(wrong('BEARER_LOGIN_TOKEN_HEADER', 'x')).toThrow('tokenHeader: expected one of');
  expect(() => bearerLoginFromEnv({})).toThrow('BEARER_LOGIN_USERNAME, BEARER_LOGIN_PASSWORD');
});
