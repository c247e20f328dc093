import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
    apiUrl: server.apiUrl,
    lifeMs: 600_000,
    secrets: [options.password, 'wrong-password', options.clientSecret],
  };
});

/** The suite answers in place of the server: so it is told the endpoint, which is otherwise asked for. */
function withEndpoint<Options extends { readonly issuer: string }>({ issuer, ...options }: Options) {
  return { ...options, tokenEndpoint: `${issuer}/protocol/openid-connect/token` };
}

describe.each(['keycloak', 'serviceNow'] as const)('on %s', (name) => {
  authProviderSuite(test, () => {
    const emulator = createEmulator();
    const { options: given } = emulator[name];
    const options = 'issuer' in given ? withEndpoint(given) : given;
    return {
      provider: oauth2PasswordProvider(options),
      refused: oauth2PasswordProvider({ ...options, password: 'wrong-password' }),
      fetch: emulator.fetch,
      apiUrl: emulator[name].apiUrl,
      lifeMs: emulator[name].settings.accessTokenLifetimeMs,
      secrets: [options.password, 'wrong-password', options.clientSecret],
    };
  });
});

describe('on Keycloak, with one-time codes', () => {
  /** An account whose codes are right, or as they are given. */
  function scene(given: readonly string[] = []) {
    const { keycloak: server, fetch } = createEmulator();
    let asked = 0;
    const otp = (): string => {
      const right = String(++asked).padStart(6, '0');
      server.set({ oneTimeCode: right });
      return given[asked - 1] ?? right;
    };
    return { server, fetch, options: { ...server.options, otp } };
  }

  authProviderSuite(test, () => {
    const { fetch, ...own } = scene();
    const options = withEndpoint(own.options);
    return {
      provider: oauth2PasswordProvider(options),
      refused: oauth2PasswordProvider({ ...options, password: 'wrong-password' }),
      fetch,
      secrets: [options.password, 'wrong-password', options.clientSecret],
    };
  });

  test('a wrong code is followed by one attempt with another', async () => {
    const { server, fetch, options } = scene(['999999']);
    using session = createOAuth2PasswordAuth({ ...options, fetch });
    await session.getTokens();
    expect(server.ledger.entries.map(({ outcome }) => outcome)).toEqual(['refused', 'issued']);
  });

  test('a wrong password costs two attempts, and none follows', async () => {
    const { server, fetch, options } = scene();
    using session = createOAuth2PasswordAuth({ ...options, password: 'wrong-password', fetch });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'invalid_credentials' });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'login_blocked' });
    expect(server.ledger.logins).toBe(2);
  });

  test('codes are sent by refreshes never', async () => {
    const { server, fetch, options } = scene();
    using session = createOAuth2PasswordAuth({ ...options, fetch });
    await session.getTokens();
    await session.getTokens({ forceRefresh: true });
    expect(server.ledger).toMatchObject({ logins: 1, refreshes: 1 });
  });
});

test('ServiceNow returns a living token again, and the session takes it', async () => {
  const { serviceNow: server, fetch } = createEmulator();
  using one = createOAuth2PasswordAuth({ ...server.options, fetch });
  using other = createOAuth2PasswordAuth({ ...server.options, fetch });
  expect(await other.getAccessToken()).toBe(await one.getAccessToken());
  const before = await one.getTokens();
  const after = await one.getTokens({ forceRefresh: true });
  expect(after.accessToken).not.toBe(before.accessToken);
  expect(after.refreshToken).toBe(before.refreshToken);
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
