import { createEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { createJoorAuth, joorFromEnv } from '../src/index.js';

const account = {
  JOOR_CLIENT_ID: 'emulated-client',
  JOOR_CLIENT_SECRET: 'emulated-client-secret',
  JOOR_USERNAME: 'ada@example.com',
  JOOR_PASSWORD: 'correct-horse',
};

test('an account in the environment logs in and refreshes', async () => {
  const { fetch, joor } = createEmulator();
  const variables = {
    ...account,
    JOOR_BASE_URL: joor.options.baseUrl,
    JOOR_TOKEN_ENDPOINT: joor.tokenEndpoint,
  };
  using session = createJoorAuth({ ...joorFromEnv(variables), fetch });
  await session.getTokens();
  await session.getTokens({ forceRefresh: true });
  expect(joor.ledger).toMatchObject({ logins: 1, refreshes: 1 });
});

test('JOOR_ENVIRONMENT stands for the URL, and one of the two is needed', () => {
  expect(joorFromEnv({ ...account, JOOR_ENVIRONMENT: 'sandbox' })).toMatchObject({ environment: 'sandbox' });
  expect(() => joorFromEnv(account)).toThrow('environment: JOOR_ENVIRONMENT or JOOR_BASE_URL');
  const wrong = joorFromEnv({ ...account, JOOR_ENVIRONMENT: 'moon' });
  expect(() => createJoorAuth(wrong)).toThrow('environment: expected one of sandbox, production');
});
