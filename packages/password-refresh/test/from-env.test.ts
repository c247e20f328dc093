import { createEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { createPasswordRefreshAuth, passwordRefreshFromEnv, simacan } from '../src/index.js';

test('an account in the environment logs in', async () => {
  const { fetch, passwordRefresh } = createEmulator();
  const { baseUrl, username, password } = passwordRefresh.options;
  const options = passwordRefreshFromEnv({
    PASSWORD_REFRESH_BASE_URL: baseUrl,
    PASSWORD_REFRESH_USERNAME: username,
    PASSWORD_REFRESH_PASSWORD: password,
  });
  using session = createPasswordRefreshAuth({ ...simacan('staging'), ...options, fetch });
  await session.getTokens();
  expect(passwordRefresh.ledger.logins).toBe(1);
});

test('what is missing is named by its variable', () => {
  expect(() => passwordRefreshFromEnv({})).toThrow('PASSWORD_REFRESH_USERNAME, PASSWORD_REFRESH_PASSWORD');
});
