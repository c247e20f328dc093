import { createEmulator } from '@auth/testing/emulator';
import { expect, test } from 'vitest';
import { createOAuth2PasswordAuth, keycloak, oauth2PasswordFromEnv } from '../src/index.js';

test('an account in the environment logs in, wherever it says', async () => {
  const { fetch, keycloak: server } = createEmulator();
  const { issuer, username, password, clientId, clientSecret } = server.options;
  const variables = {
    OAUTH2_ISSUER: issuer,
    OAUTH2_USERNAME: username,
    OAUTH2_PASSWORD: password,
    OAUTH2_CLIENT_ID: clientId,
    OAUTH2_CLIENT_SECRET: clientSecret,
    OAUTH2_CLIENT_AUTHENTICATION: 'body',
    OAUTH2_ENCODING: 'form',
  };
  const preset = keycloak({ url: 'https://sso.example.com', realm: 'shop' });
  using session = createOAuth2PasswordAuth({ ...preset, ...oauth2PasswordFromEnv(variables), fetch });
  await session.getTokens();
  expect(server.ledger.logins).toBe(1);
});

test('what is missing is named by its variable, and what is wrong by its option', () => {
  expect(() => oauth2PasswordFromEnv({})).toThrow('OAUTH2_USERNAME, OAUTH2_PASSWORD');
  const variables = {
    OAUTH2_USERNAME: 'ada',
    OAUTH2_ISSUER: 'https://a.example.com',
    OAUTH2_ENCODING: 'xml',
  };
  expect(() => createOAuth2PasswordAuth(oauth2PasswordFromEnv(variables))).toThrow(
    'encoding: expected one of',
  );
});
