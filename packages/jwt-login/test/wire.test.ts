import type { ExchangeContext, IssuedTokens, TokenSet } from '@auth/core';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createJwtLoginAuth,
  type JwtLoginExtra,
  type JwtLoginProviderOptions,
  jwtLoginProvider,
} from '../src/index.js';

const host = 'https://unipoll.example.com:8443';
const account = { baseUrl: `${host}/api`, username: 'ada', password: 'p&ss=wörd' };
const urlencoded = 'application/x-www-form-urlencoded;charset=UTF-8';
const answer = {
  access_token: 'a1',
  refresh_token: 'r1',
  token_type: 'bearer',
  expires_in: 3600,
  client_id: 'acc-1',
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

async function login(options: Partial<JwtLoginProviderOptions> = {}): Promise<IssuedTokens<JwtLoginExtra>> {
  const prepared = await jwtLoginProvider({ ...account, ...options }).prepareLogin?.();
  return (prepared as NonNullable<typeof prepared>).login(context());
}

async function refresh(options: Partial<JwtLoginProviderOptions> = {}, extra?: JwtLoginExtra) {
  const tokens: TokenSet<JwtLoginExtra> = {
    id: '1',
    accessToken: 'expired',
    tokenType: 'bearer',
    issuedAt: 0,
    refreshToken: 'r&1',
    ...(extra && { extra }),
  };
  return jwtLoginProvider({ ...account, ...options }).refresh?.(tokens, context());
}

describe('login', () => {
  test('an urlencoded POST to /auth/jwt/login', async () => {
    nock(host)
      .post('/api/auth/jwt/login', { grant_type: 'password', username: 'ada', password: 'p&ss=wörd' })
      .matchHeader('content-type', urlencoded)
      .reply(200, answer);
    expect(await login()).toEqual({
      accessToken: 'a1',
      tokenType: 'bearer',
      expiresInMs: 3_600_000,
      refreshToken: 'r1',
      extra: { clientId: 'acc-1' },
    });
  });

  test('scope, client_id and client_secret go along where they are given', async () => {
    const form = { grant_type: 'password', username: 'ada', password: 'p&ss=wörd' };
    nock(host)
      .post('/api/auth/jwt/login', { ...form, scope: 'polls', client_id: 'acc', client_secret: 'shh' })
      .reply(200, answer);
    await login({ scope: 'polls', clientId: 'acc', clientSecret: () => 'shh' });
    const provider = jwtLoginProvider({ ...account, scope: 'polls', clientId: 'acc', clientSecret: 'shh' });
    expect(provider.account).toBe('{"username":"ada","clientId":"acc","scope":"polls"}');
    expect((await provider.prepareLogin?.())?.secrets).toEqual(['p&ss=wörd', 'shh']);
  });

  test('plain fastapi-users names no lifetime, and its JWTs an end alone', async () => {
    const claims = Buffer.from(JSON.stringify({ sub: '1', exp: 1_795_867_200 + 3_600 })).toString(
      'base64url',
    );
    const headers = { date: 'Sat, 28 Nov 2026 12:00:00 GMT' };
    const body = { access_token: `e30.${claims}.c2ln`, token_type: 'bearer' };
    nock(host).post('/api/auth/jwt/login').reply(200, body, headers);
    expect((await login()).expiresInMs).toBe(3_600_000);
  });

  test('an answer without a refresh token', async () => {
    nock(host).post('/api/auth/jwt/login').reply(200, { access_token: 'a1', token_type: 'bearer' });
    expect(await login()).toEqual({ accessToken: 'a1', tokenType: 'bearer' });
  });

  test.each(['LOGIN_BAD_CREDENTIALS', 'LOGIN_USER_NOT_VERIFIED'])('400 %s is a refusal', async (detail) => {
    nock(host).post('/api/auth/jwt/login').reply(400, { detail });
    await expect(login()).rejects.toMatchObject({
      code: 'invalid_credentials',
      serverCode: detail,
      status: 400,
    });
  });

  test.each([
    [400, { detail: 'SOMETHING_ELSE' }],
    [400, 'Bad Request'],
    [422, { detail: [{ loc: ['body', 'username'], msg: 'Field required' }] }],
  ])('%i %j is none', async (status, body) => {
    nock(host).post('/api/auth/jwt/login').reply(status, body);
    await expect(login()).rejects.toMatchObject({ code: 'server_unavailable', status });
  });
});

describe('refresh by headers', () => {
  test('the refresh token and the access token of the same set', async () => {
    nock(host)
      .post('/api/auth/jwt/refresh', '')
      .matchHeader('refresh-token', 'r&1')
      .matchHeader('authorization', 'Bearer expired')
      .reply(200, { ...answer, access_token: 'a2', refresh_token: 'r2', client_id: undefined });
    const issued = await refresh();
    expect(issued).toMatchObject({ accessToken: 'a2', refreshToken: 'r2' });
    expect(issued?.extra).toBeUndefined();
  });

  test('401 is a refusal', async () => {
    nock(host).post('/api/auth/jwt/refresh').reply(401, { detail: 'Invalid' });
    await expect(refresh()).rejects.toMatchObject({ code: 'refresh_refused' });
  });

  test.each([400, 422])('%i is a mistake in the request, and no refusal', async (status) => {
    nock(host).post('/api/auth/jwt/refresh').reply(status, { detail: 'LOGIN_BAD_CREDENTIALS' });
    await expect(refresh()).rejects.toMatchObject({ code: 'server_unavailable', status });
  });
});

describe('refresh as Postman does', () => {
  const form = { refresh_token: 'r&1', grant_type: 'refresh_token' };

  test.each([
    ['the option', { clientId: 'own-ä' }, { clientId: 'acc-1' }, 'own-ä'],
    ['the answer', {}, { clientId: 'acc-1' }, 'acc-1'],
  ])('Basic with the client id of %s, and a form', async (_, options, extra, clientId) => {
    nock(host)
      .post('/api/auth/jwt/postman_refresh', form)
      .matchHeader('authorization', `Basic ${Buffer.from(`${clientId}:`).toString('base64')}`)
      .matchHeader('content-type', urlencoded)
      .reply(200, answer);
    expect(await refresh({ refreshMode: 'postman', ...options }, extra)).toMatchObject({ accessToken: 'a1' });
  });

  test('the path can be another', async () => {
    nock(host).post('/api/auth/jwt/postman-refresh', form).reply(200, answer);
    await refresh({ refreshMode: 'postman', clientId: 'x', postmanPath: '/auth/jwt/postman-refresh' });
  });

  test('a client id with a colon, at which a server would cut it, is refused', {
    tags: ['fault-127'],
  }, async () => {
    const colon = { code: 'invalid_options', detail: expect.stringContaining('colon') };
    expect(() => jwtLoginProvider({ ...account, refreshMode: 'postman', clientId: 'a:b' })).toThrow(
      expect.objectContaining(colon),
    );
    await expect(refresh({ refreshMode: 'postman' }, { clientId: 'a:b' })).rejects.toMatchObject(colon);
  });

  test('the words of a refusal are told, and a deleted account is no refusal', async () => {
    const options = { refreshMode: 'postman', clientId: 'acc-1' } as const;
    nock(host).post('/api/auth/jwt/postman_refresh').reply(401, { detail: 'Invalid Client ID' });
    await expect(refresh(options)).rejects.toMatchObject({
      code: 'refresh_refused',
      serverCode: 'Invalid Client ID',
    });
    nock(host).post('/api/auth/jwt/postman_refresh').reply(404, { detail: 'Not Found' });
    await expect(refresh(options)).rejects.toMatchObject({ code: 'server_unavailable', status: 404 });
  });

  test('without any client id it cannot be asked', async () => {
    await expect(refresh({ refreshMode: 'postman' })).rejects.toMatchObject({
      code: 'invalid_options',
      delivery: 'not_sent',
      detail: expect.stringContaining('clientId'),
    });
  });
});

describe('refresh without a refresh token', () => {
  const tokens = { id: '1', accessToken: 'expired', tokenType: 'bearer', issuedAt: 0 };

  test('the header goes out empty, for the server to refuse', async () => {
    nock(host).post('/api/auth/jwt/refresh', '').matchHeader('refresh-token', '').reply(401, {});
    await expect(jwtLoginProvider(account).refresh?.(tokens, context())).rejects.toMatchObject({
      code: 'refresh_refused',
    });
  });

  test('the field goes out empty, as Postman would send it', async () => {
    nock(host)
      .post('/api/auth/jwt/postman_refresh', { refresh_token: '', grant_type: 'refresh_token' })
      .reply(401, {});
    const provider = jwtLoginProvider({ ...account, refreshMode: 'postman', clientId: 'acc' });
    await expect(provider.refresh?.(tokens, context())).rejects.toMatchObject({ code: 'refresh_refused' });
  });
});

describe('options', () => {
  test.each([
    ['username', { username: '' }],
    ['password', { password: null }],
    ['clientSecret', { clientSecret: '' }],
    ['refreshMode', { refreshMode: 'cookie' }],
    ['postmanPath', { postmanPath: '' }],
    ['baseUrl', { baseUrl: 'unipoll.example.com' }],
  ])('%s is checked at construction', (name, wrong) => {
    expect(() => createJwtLoginAuth({ ...account, ...wrong } as never)).toThrow(`${name}: expected`);
  });

  test('the API is at the origin of baseUrl', () => {
    expect(jwtLoginProvider(account)).toMatchObject({ name: 'jwt-login', allowedOrigins: [host] });
  });
});
