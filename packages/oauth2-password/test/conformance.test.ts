import { authProviderSuite } from '@auth/testing/conformance';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOAuth2PasswordAuth, oauth2PasswordProvider } from '../src/index.js';
import { startServer, type TestServer } from './support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

authProviderSuite(test, () => {
  const { issuer, ...account } = server.options;
  const options = { ...account, tokenEndpoint: `${issuer}/token`, revocationEndpoint: `${issuer}/revoke` };
  return {
    provider: oauth2PasswordProvider(options),
    refused: oauth2PasswordProvider({ ...options, password: 'wrong-password' }),
    fetch: (input, init) => fetch(input, init),
    secrets: [options.password, 'wrong-password', options.clientSecret],
  };
});

test('two callers share one login, and a sign-out ends the session at the server', async () => {
  await using own = await startServer();
  using session = createOAuth2PasswordAuth(own.options);
  const responses = await Promise.all([session.fetch(own.apiUrl), session.fetch(own.apiUrl)]);
  expect(responses.map(({ status }) => status)).toEqual([200, 200]);
  await session.signOut();
  expect(own.ledger).toEqual(['metadata', 'login', 'api', 'api', 'revoke']);
});

test('where the metadata is away, nothing is sent, and the next call asks again', async () => {
  await using own = await startServer();
  using session = createOAuth2PasswordAuth({ ...own.options, random: () => 0 });
  own.metadataStatus = 500;
  await expect(session.getTokens()).rejects.toMatchObject({
    code: 'server_unavailable',
    delivery: 'not_sent',
  });
  own.metadataStatus = 200;
  own.ledger.length = 0;
  await expect.poll(() => session.getTokens().catch(() => undefined), { timeout: 10_000 }).toBeDefined();
  expect(own.ledger).toEqual(['metadata', 'login']);
});
