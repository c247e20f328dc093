import { createEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { createJwtLoginAuth, jwtLoginFromEnv } from '../src/index.js';

test('an account in the environment logs in and refreshes as it says', async () => {
  const { fetch, jwtLogin } = createEmulator();
  const { baseUrl, username, password } = jwtLogin.options;
  const options = jwtLoginFromEnv({
    JWT_LOGIN_BASE_URL: baseUrl,
    JWT_LOGIN_USERNAME: username,
    JWT_LOGIN_PASSWORD: password,
    JWT_LOGIN_REFRESH_MODE: 'postman',
  });
  using session = createJwtLoginAuth({ ...options, fetch });
  await session.getTokens();
  await session.getTokens({ forceRefresh: true });
  expect(jwtLogin.ledger).toMatchObject({ logins: 1, refreshes: 1 });
});

test('what is missing is named by its variable', () => {
  const expected = 'JWT_LOGIN_BASE_URL, JWT_LOGIN_USERNAME, JWT_LOGIN_PASSWORD';
  expect(() => jwtLoginFromEnv({ JWT_LOGIN_CLIENT_ID: 'c' })).toThrow(expected);
});
