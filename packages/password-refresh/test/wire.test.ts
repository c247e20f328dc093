import type { ExchangeContext, IssuedTokens, TokenSet } from '@auth/core';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createPasswordRefreshAuth,
  type PasswordRefreshExtra,
  passwordRefreshProvider,
  simacan,
} from '../src/index.js';

const host = 'https://auth-service-stg.services.simacan.com';
const account = { ...simacan('staging'), username: 'ada', password: 'p&ss=wörd' };
const urlencoded = 'application/x-www-form-urlencoded;charset=UTF-8';
const jwt = (claims: object): string => `e30.${btoa(JSON.stringify(claims)).replace(/=+$/, '')}.c2ln`;
const answer = {
  access_token: jwt({ iat: 1_000, exp: 4_600 }),
  refresh_token: jwt({ iat: 1_000, exp: 1_000 + 30 * 86_400 }),
  token_type: 'bearer',
  expires_in: 3600,
};

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
  nock.enableNetConnect();
});

const context = (): ExchangeContext => ({
  fetch: (input, init) => fetch(input, init),
  signal: new AbortController().signal,
});

async function login(): Promise<IssuedTokens<PasswordRefreshExtra>> {
  const prepared = await passwordRefreshProvider(account).prepareLogin?.();
  return (prepared as NonNullable<typeof prepared>).login(context());
}

async function refresh() {
  const tokens: TokenSet<PasswordRefreshExtra> = {
    id: '1',
    accessToken: 'a',
    tokenType: 'bearer',
    issuedAt: 0,
    refreshToken: 'r&1',
  };
  return passwordRefreshProvider(account).refresh?.(tokens, context());
}

describe('login', () => {
  test('an urlencoded POST to /auth/password; the refresh token’s life is read from it', async () => {
    nock(host)
      .post('/api/v1/auth/password', { username: 'ada', password: 'p&ss=wörd' })
      .matchHeader('content-type', urlencoded)
      .reply(200, answer);
    expect(await login()).toEqual({
      accessToken: answer.access_token,
      tokenType: 'bearer',
      expiresInMs: 3_600_000,
      refreshToken: answer.refresh_token,
      refreshExpiresInMs: 30 * 86_400_000,
    });
  });

  test.each([
    ['no JWT', 'opaque'],
    ['a JWT without exp', jwt({ iat: 5 })],
    ['a JWT that ends before it begins', jwt({ iat: 5, exp: 4 })],
    ['a JWT with dates as text', jwt({ iat: '5', exp: '9' })],
  ])('a refresh token that is %s has an unknown life', async (_, refresh_token) => {
    nock(host)
      .post('/api/v1/auth/password')
      .reply(200, { ...answer, refresh_token });
    expect((await login()).refreshExpiresInMs).toBeUndefined();
  });

  test.each([401])('%i is a refusal', async (status) => {
    nock(host).post('/api/v1/auth/password').reply(status, 'nope');
    await expect(login()).rejects.toMatchObject({ code: 'invalid_credentials', status });
  });

  test('400 is one with the words of the Keycloak behind it', async () => {
    const refuse = (error: string, error_description: string) =>
      nock(host).post('/api/v1/auth/password').reply(400, { error, error_description });
    refuse('invalid_grant', 'Account is not fully set up');
    await expect(login()).rejects.toMatchObject({
      code: 'invalid_credentials',
      serverCode: 'Account is not fully set up',
    });
    refuse('unauthorized_client', 'Invalid client or Invalid client credentials');
    await expect(login()).rejects.toMatchObject({
      code: 'client_refused',
      serverCode: 'unauthorized_client',
    });
    refuse('other', 'whatever');
    await expect(login()).rejects.toMatchObject({ code: 'server_unavailable' });
  });

  test.each([403, 422, 500])('%i is none, whatever it says', async (status) => {
    nock(host).post('/api/v1/auth/password').reply(status, { error: 'invalid_grant', success: false });
    await expect(login()).rejects.toMatchObject({ code: 'server_unavailable', status });
  });
});

describe('refresh', () => {
  test('an urlencoded POST to /auth/refresh', async () => {
    nock(host)
      .post('/api/v1/auth/refresh', { refresh_token: 'r&1' })
      .matchHeader('content-type', urlencoded)
      .reply(200, { ...answer, refresh_token: 'next' });
    expect(await refresh()).toMatchObject({ refreshToken: 'next' });
  });

  test('401 is a refusal, and then the password is used again', async () => {
    nock(host).post('/api/v1/auth/refresh').reply(401);
    await expect(refresh()).rejects.toMatchObject({ code: 'refresh_refused' });
    nock(host).post('/api/v1/auth/password').twice().reply(200, answer);
    nock(host).post('/api/v1/auth/refresh').reply(401);
    const session = createPasswordRefreshAuth({ ...account, scheduler: null });
    await session.getTokens();
    await session.getTokens({ forceRefresh: true });
  });

  test('a 401 before expires_in is over refreshes', async () => {
    const api = 'https://trips.services.simacan.com';
    nock(host).post('/api/v1/auth/password').reply(200, answer);
    nock(api).get('/trips').matchHeader('authorization', `Bearer ${answer.access_token}`).reply(401);
    nock(host)
      .post('/api/v1/auth/refresh', { refresh_token: answer.refresh_token })
      .reply(200, { ...answer, access_token: 'b' });
    nock(api).get('/trips').matchHeader('authorization', 'Bearer b').reply(200, '[]');
    const session = createPasswordRefreshAuth({ ...account, scheduler: null });
    expect((await session.fetch(`${api}/trips`)).status).toBe(200);
  });
});
