import type { ExchangeContext, IssuedTokens, TokenSet } from '@auth/core';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type BearerLoginExtra,
  type BearerLoginProviderOptions,
  bearerLoginProvider,
  createBearerLoginAuth,
  teletracker,
} from '../src/index.js';

const host = 'https://api.teletracker.net';
const account = { ...teletracker(), username: 'ada', password: 'p&ss=wörd' };
const urlencoded = 'application/x-www-form-urlencoded;charset=UTF-8';

/** TeleTracker's documented answer. */
const answer = {
  success: true,
  guid: '71067212-8141-4887-b48e-ccabcfb07196',
  token: 'c04c7ff7-5fa1-48fb-aa2a-bcf97a6b8a79',
  tokenExpiration: '2018-04-01T21:39:12+00:00',
  tokenLifetime: 3600,
  refreshToken: 'dff78899-ed3b-4965-8f44-474ac2bf7354',
  refreshTokenExpiration: '2018-04-30T21:39:12+00:00',
};
const dated = { date: 'Sun, 01 Apr 2018 20:39:12 GMT' };

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

async function login(
  options: Partial<BearerLoginProviderOptions> = {},
): Promise<IssuedTokens<BearerLoginExtra>> {
  const prepared = await bearerLoginProvider({ ...account, ...options }).prepareLogin?.();
  return (prepared as NonNullable<typeof prepared>).login(context());
}

async function refresh() {
  const tokens: TokenSet<BearerLoginExtra> = {
    id: '1',
    accessToken: 'a',
    tokenType: 'Bearer',
    issuedAt: 0,
    refreshToken: 'r&1',
  };
  return bearerLoginProvider(account).refresh?.(tokens, context());
}

describe('login', () => {
  test('a POST to /auth/login, and the answer counted on the server’s own clock', async () => {
    nock(host)
      .post('/auth/login', { username: 'ada', password: 'p&ss=wörd' })
      .matchHeader('content-type', urlencoded)
      .reply(200, answer, dated);
    expect(await login()).toEqual({
      accessToken: answer.token,
      expiresInMs: 3_600_000,
      refreshToken: answer.refreshToken,
      refreshExpiresInMs: (29 * 24 + 1) * 3_600_000,
      extra: { guid: answer.guid },
    });
  });

  test('account_id selects the account, and is part of the store’s key', async () => {
    nock(host)
      .post('/auth/login', { username: 'ada', password: 'p&ss=wörd', account_id: '42' })
      .reply(200, answer);
    await login({ accountId: 42 });
    expect(bearerLoginProvider({ ...account, accountId: 42 }).account).toBe(
      '{"username":"ada","accountId":42}',
    );
    expect(bearerLoginProvider(account).account).toBe('{"username":"ada"}');
  });

  test.each([
    ['no Date', answer, {}, { expiresInMs: 3_600_000 }],
    ['no lifetime but a date', { ...answer, tokenLifetime: undefined }, dated, { expiresInMs: 3_600_000 }],
    [
      'a date without an offset is UTC',
      { ...answer, tokenLifetime: null, tokenExpiration: '2018-04-01T21:39:12' },
      dated,
      { expiresInMs: 3_600_000 },
    ],
    [
      'another offset',
      { ...answer, tokenLifetime: '', tokenExpiration: '2018-04-01T23:39:12+02:00' },
      dated,
      { expiresInMs: 3_600_000 },
    ],
    [
      'no date at all',
      { ...answer, tokenLifetime: undefined, tokenExpiration: 'soon' },
      dated,
      { expiresInMs: undefined },
    ],
    [
      'a date in the past',
      { ...answer, refreshTokenExpiration: '2017-01-01T00:00:00Z' },
      dated,
      { refreshExpiresInMs: undefined },
    ],
    ['no guid', { ...answer, guid: undefined }, dated, { extra: undefined }],
  ])('an answer with %s', { tags: ['fault-38'] }, async (_, body, headers, expected) => {
    nock(host).post('/auth/login').reply(200, body, headers);
    const issued = await login();
    expect(issued).toMatchObject({ accessToken: answer.token });
    for (const [name, value] of Object.entries(expected))
      expect(issued[name as keyof IssuedTokens]).toEqual(value);
  });

  test.each([
    [401, { success: false, message: 'Invalid' }],
    [401, 'Unauthorized'],
    [400, { success: false }],
    [403, { success: false }],
    [200, { success: false }],
  ])('%i %j is a refusal', async (status, body) => {
    nock(host).post('/auth/login').reply(status, body);
    await expect(login()).rejects.toMatchObject({
      code: 'invalid_credentials',
      status,
      delivery: 'answered',
    });
  });

  test.each([
    [403, '<html>challenge</html>', 'server_unavailable'],
    [403, { message: 'Forbidden' }, 'server_unavailable'],
    [404, { success: false }, 'server_unavailable'],
    [200, { success: true }, 'invalid_response'],
    [200, [], 'invalid_response'],
  ])('%i %j is none', async (status, body, code) => {
    nock(host).post('/auth/login').reply(status, body);
    await expect(login()).rejects.toMatchObject({
      code,
      status,
    });
  });
});

describe('refresh', () => {
  test('a POST to /auth/refresh', async () => {
    nock(host)
      .post('/auth/refresh', { refresh_token: 'r&1' })
      .matchHeader('content-type', urlencoded)
      .reply(200, answer);
    expect(await refresh()).toMatchObject({ accessToken: answer.token, refreshToken: answer.refreshToken });
  });

  test.each([
    [401, {}],
    [400, { success: false }],
    [403, { success: false }],
    [200, { success: false }],
  ])('%i %j is a refusal', async (status, body) => {
    nock(host).post('/auth/refresh').reply(status, body);
    await expect(refresh()).rejects.toMatchObject({ code: 'refresh_refused', status });
  });

  test('without a refresh token the field goes out empty, for the server to refuse', async () => {
    nock(host).post('/auth/refresh', { refresh_token: '' }).reply(401, {});
    const tokens = { id: '1', accessToken: 'a', tokenType: 'Bearer', issuedAt: 0 };
    await expect(bearerLoginProvider(account).refresh?.(tokens, context())).rejects.toMatchObject({
      code: 'refresh_refused',
    });
  });

  test('a gateway’s 403 is none', async () => {
    nock(host).post('/auth/refresh').reply(403, { message: 'You cannot consume this service' });
    await expect(refresh()).rejects.toMatchObject({ code: 'server_unavailable' });
  });
});

describe('the API', () => {
  const bearer = `Bearer ${answer.token}`;

  test.each([
    ['both', undefined, [bearer, bearer]],
    ['authorization', 'authorization', [bearer, undefined]],
    ['authentication', 'authentication', [undefined, bearer]],
  ] as const)('the token travels in %s', async (_, tokenHeader, [authorization, authentication]) => {
    nock(host).post('/auth/login').reply(200, answer);
    let seen: Headers | undefined;
    nock(host)
      .get('/vehicles')
      .reply((request: Request) => {
        seen = request.headers;
        return [200, '[]'];
      });
    const session = createBearerLoginAuth({
      ...account,
      scheduler: null,
      ...(tokenHeader && { tokenHeader }),
    });
    await session.fetch(`${host}/vehicles`);
    expect(seen?.get('authorization') ?? undefined).toBe(authorization);
    expect(seen?.get('authentication') ?? undefined).toBe(authentication);
  });

  test.each([401, 403])('%i refuses the token', async (status) => {
    nock(host).post('/auth/login').reply(200, answer);
    nock(host).get('/vehicles').reply(status);
    nock(host)
      .post('/auth/refresh')
      .reply(200, { ...answer, token: 'next' });
    nock(host).get('/vehicles').matchHeader('authentication', 'Bearer next').reply(200, '[]');
    const session = createBearerLoginAuth({ ...account, scheduler: null });
    expect((await session.fetch(`${host}/vehicles`)).status).toBe(200);
  });
});

describe('verifyCredentials', () => {
  test('auth_only asks and changes no token', async () => {
    nock(host)
      .post('/auth/login', { username: 'ada', password: 'p&ss=wörd', auth_only: '1' })
      .reply(200, { success: true });
    nock(host)
      .post('/auth/login', { username: 'ada', password: 'typed', account_id: '7', auth_only: '1' })
      .reply(401, { success: false });
    const session = createBearerLoginAuth({ ...account, scheduler: null });
    expect(await session.verifyCredentials()).toBe(true);
    expect(session.peek()).toBeUndefined();
    const bound = createBearerLoginAuth({ ...account, accountId: 7, scheduler: null });
    expect(await bound.verifyCredentials({ password: 'typed' })).toBe(false);
    await expect(bound.verifyCredentials({ password: 'typed' })).rejects.toMatchObject({
      code: 'login_blocked',
    });
  });

  test('an answer that says neither is an error', async () => {
    nock(host).post('/auth/login').reply(200, {});
    const session = createBearerLoginAuth({ ...account, scheduler: null });
    await expect(session.verifyCredentials()).rejects.toMatchObject({ code: 'invalid_response' });
  });

  test('without a password there is nothing to check', async () => {
    const session = createBearerLoginAuth({ ...teletracker(), username: 'ada', scheduler: null });
    await expect(session.verifyCredentials()).rejects.toMatchObject({ code: 'credentials_unavailable' });
  });
});

describe('options', () => {
  test.each([
    ['username', { username: '' }],
    ['password', { password: 5 }],
    ['baseUrl', { baseUrl: undefined }],
    ['accountId', { accountId: 1.5 }],
    ['accountId', { accountId: '42' }],
    ['tokenHeader', { tokenHeader: 'cookie' }],
  ])('%s is checked at construction', (name, wrong) => {
    const act = () => createBearerLoginAuth({ ...account, ...wrong } as never);
    expect(act).toThrow(`${name}: expected`);
  });

  test('TeleTracker’s place', () => {
    expect(bearerLoginProvider(account)).toMatchObject({
      name: 'bearer-login',
      issuer: host,
      allowedOrigins: [host],
      tokenHeaders: ['authorization', 'authentication'],
    });
  });
});
