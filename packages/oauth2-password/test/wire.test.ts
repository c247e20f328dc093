import type { ExchangeContext, IssuedTokens, TokenSet } from '@auth/core';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  createOAuth2PasswordAuth,
  type OAuth2PasswordExtra,
  type OAuth2PasswordProviderOptions,
  oauth2PasswordProvider,
} from '../src/index.js';

const host = 'https://auth.example.com';
const account = { tokenEndpoint: `${host}/token`, username: 'ada', password: 'p&ss=wörd' };
const client = { clientId: 'shop:1', clientSecret: 's 1%' };
const answer = { access_token: 'a', refresh_token: 'r', token_type: 'bearer', expires_in: 3600 };
const password = { grant_type: 'password', username: 'ada', password: 'p&ss=wörd' };

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

type Changes = Partial<OAuth2PasswordProviderOptions>;

const held: TokenSet<OAuth2PasswordExtra> = {
  id: '1',
  accessToken: 'a',
  tokenType: 'bearer',
  issuedAt: 0,
  refreshToken: 'r&1',
};

async function login(changes: Changes = {}): Promise<IssuedTokens<OAuth2PasswordExtra>> {
  const prepared = await oauth2PasswordProvider({ ...account, ...changes }).prepareLogin?.();
  return (prepared as NonNullable<typeof prepared>).login(context());
}

const refresh = async (changes: Changes = {}) =>
  oauth2PasswordProvider({ ...account, ...changes }).refresh?.(held, context());

const revoke = async (changes: Changes, tokens = held) =>
  oauth2PasswordProvider({ ...account, ...changes }).revoke?.(tokens, context());

describe('a login', () => {
  test('posts a form, and reads the answer of RFC 6749', async () => {
    nock(host, { badheaders: ['authorization'] })
      .post('/token', password)
      .matchHeader('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
      .reply(200, { ...answer, scope: 'orders', instance_url: 'https://eu7.example.com', id_token: 'i' });
    expect(await login()).toEqual({
      accessToken: 'a',
      tokenType: 'bearer',
      expiresInMs: 3_600_000,
      refreshToken: 'r',
      scope: 'orders',
      extra: { idToken: 'i', instanceUrl: 'https://eu7.example.com' },
    });
  });

  test('names its client by HTTP Basic, encoded as in a form', async () => {
    nock(host)
      .post('/token', password)
      .matchHeader('authorization', `Basic ${Buffer.from('shop%3A1:s+1%25').toString('base64')}`)
      .reply(200, answer);
    await login(client);
  });

  test('names its client in the body', async () => {
    nock(host, { badheaders: ['authorization'] })
      .post('/token', { ...password, client_id: 'shop:1', client_secret: 's 1%' })
      .reply(200, answer);
    await login({ ...client, clientAuthentication: 'body' });
  });

  test('of a client without a secret has its id', async () => {
    nock(host)
      .post('/token', { ...password, client_id: 'shop:1' })
      .reply(200, answer);
    await login({ clientId: 'shop:1' });
  });

  test('may be JSON, with a scope and further fields', async () => {
    nock(host)
      .post('/token', { ...password, scope: 'orders', audience: 'shop' })
      .matchHeader('content-type', 'application/json')
      .reply(200, answer);
    await login({ encoding: 'json', scope: 'orders', parameters: { audience: 'shop' } });
  });

  test('takes the lifetime from a JWT where none is named', async () => {
    const payload = Buffer.from(JSON.stringify({ iat: 100, exp: 400 })).toString('base64url');
    nock(host)
      .post('/token')
      .reply(200, { access_token: `h.${payload}.s` });
    expect(await login()).toMatchObject({ expiresInMs: 300_000 });
  });

  test.each([
    ['invalid_grant', 400, 'invalid_credentials'],
    ['invalid_client', 401, 'client_refused'],
    ['unauthorized_client', 400, 'client_refused'],
    ['invalid_scope', 400, 'client_refused'],
    ['temporarily_unavailable', 400, 'server_unavailable'],
    ['invalid_grant', 503, 'server_unavailable'],
  ])('%s under %i is %s', async (error, status, code) => {
    nock(host).post('/token').reply(status, { error });
    await expect(login(client)).rejects.toMatchObject({ code, status });
  });
});

describe('a refresh', () => {
  test('names the client as the login does', async () => {
    nock(host)
      .post('/token', { grant_type: 'refresh_token', refresh_token: 'r&1' })
      .matchHeader('authorization', /^Basic /)
      .reply(200, { ...answer, refresh_token: 'next' });
    expect(await refresh({ ...client, clientSecret: async () => 's 1%' })).toMatchObject({
      refreshToken: 'next',
    });
  });

  test('invalid_grant refuses the refresh token', async () => {
    nock(host).post('/token').reply(400, { error: 'invalid_grant' });
    await expect(refresh()).rejects.toMatchObject({ code: 'refresh_refused' });
  });
});

describe('a sign-out', () => {
  const revocationEndpoint = `${host}/revoke`;

  test('revokes the refresh token, always by a form', async () => {
    nock(host).post('/revoke', { token: 'r&1', token_type_hint: 'refresh_token' }).reply(200);
    await revoke({ revocationEndpoint, encoding: 'json' });
  });

  test('revokes the access token where there is no other', async () => {
    const { refreshToken: _, ...tokens } = held;
    nock(host).post('/revoke', { token: 'a', token_type_hint: 'access_token' }).reply(200);
    await revoke({ revocationEndpoint }, tokens);
  });

  test('sends nothing where no endpoint is known', () => {
    expect(oauth2PasswordProvider(account).revoke).toBeUndefined();
  });
});

describe('the metadata of an issuer', () => {
  let count = 0;
  /** Metadata is kept for an hour: each test has an issuer of its own. */
  const issuerOf = (): string => `${host}/tenant-${++count}`;
  const discovered = (issuer: string): Changes => ({ issuer, tokenEndpoint: undefined });
  const openid = (issuer: string, status: number, body: object = {}): void => {
    nock(host)
      .get(`${new URL(issuer).pathname}/.well-known/openid-configuration`)
      .reply(status, body);
  };

  test('names the endpoints, and is asked for once', async () => {
    const issuer = issuerOf();
    openid(issuer, 200, {
      issuer: `${issuer}/`,
      token_endpoint: `${host}/t`,
      revocation_endpoint: `${host}/r`,
    });
    nock(host).post('/t').twice().reply(200, answer);
    nock(host).post('/r').reply(200);
    await login(discovered(issuer));
    await refresh(discovered(issuer));
    await revoke(discovered(issuer));
  });

  test('is asked for at the place of RFC 8414 too', async () => {
    const issuer = issuerOf();
    openid(issuer, 404);
    nock(host)
      .get(`/.well-known/oauth-authorization-server${new URL(issuer).pathname}`)
      .reply(200, { issuer, token_endpoint: `${host}/t` });
    nock(host).post('/t').reply(200, answer);
    await login(discovered(issuer));
    await revoke(discovered(issuer));
  });

  test('may ask for the secret in the body', async () => {
    const issuer = issuerOf();
    const token_endpoint_auth_methods_supported = ['client_secret_post', 'private_key_jwt'];
    openid(issuer, 200, { issuer, token_endpoint: `${host}/t`, token_endpoint_auth_methods_supported });
    nock(host)
      .post('/t', { ...password, client_id: 'shop:1', client_secret: 's 1%' })
      .reply(200, answer);
    await login({ ...discovered(issuer), ...client });
  });

  test.each([
    ['another issuer', { issuer: 'https://evil.example.com', token_endpoint: `${host}/t` }],
    ['no token endpoint', {}],
    ['a token endpoint without TLS', { token_endpoint: 'http://auth.example.com/t' }],
    ['a revocation endpoint without TLS', { revocation_endpoint: 'http://auth.example.com/r' }],
    ['no URL', { token_endpoint: 'token' }],
  ])('with %s is refused, and no secret is sent', async (what, wrong) => {
    const issuer = issuerOf();
    const good = { issuer, token_endpoint: what === 'no token endpoint' ? undefined : `${host}/t` };
    openid(issuer, 200, { ...good, ...wrong });
    await expect(login(discovered(issuer))).rejects.toMatchObject({
      code: 'invalid_response',
      delivery: 'not_sent',
      detail: expect.stringMatching(/^the metadata: /),
    });
  });

  test('that cannot be had is told, and no secret is sent', async () => {
    const issuer = issuerOf();
    openid(issuer, 500);
    nock(host)
      .get(/^\/\.well-known\/oauth-authorization-server/)
      .reply(404);
    const away = { code: 'server_unavailable', delivery: 'not_sent', status: 404 };
    await expect(login(discovered(issuer))).rejects.toMatchObject(away);
    nock(host)
      .get(/openid-configuration$/)
      .replyWithError(Object.assign(new Error(), { code: 'ECONNRESET' }));
    await expect(login(discovered(issuer))).rejects.toMatchObject({
      code: 'network',
      delivery: 'not_sent',
      detail: 'ECONNRESET',
    });
  });
});

describe('options', () => {
  test('they determine the issuer and the account', () => {
    expect(oauth2PasswordProvider({ ...account, ...client, scope: 'orders' })).toMatchObject({
      name: 'oauth2-password',
      issuer: `${host}/token`,
      account: '{"username":"ada","clientId":"shop:1","scope":"orders"}',
      allowedOrigins: [host],
    });
  });

  test.each([
    ['username', { username: undefined }],
    ['password', { password: {} }],
    ['tokenEndpoint', { tokenEndpoint: 'auth.example.com' }],
    ['tokenEndpoint', { tokenEndpoint: undefined }],
    ['tokenEndpoint', { issuer: host, tokenEndpoint: 'http://auth.example.com/token' }],
    ['revocationEndpoint', { revocationEndpoint: 'http://other.example.com/revoke' }],
    ['issuer', { issuer: 'https://user@auth.example.com' }],
    ['clientId', { clientSecret: 's' }],
    ['clientId', { clientId: '' }],
    ['clientSecret', { clientId: 'c', clientSecret: '' }],
    ['clientAuthentication', { clientId: 'c', clientAuthentication: 'basic' }],
    ['clientAuthentication', { ...client, clientAuthentication: 'none' }],
    ['clientAuthentication', { ...client, clientAuthentication: 'jwt' }],
    ['encoding', { encoding: 'xml' }],
    ['scope', { scope: ['orders'] }],
    ['parameters', { parameters: { password: 'x' } }],
    ['parameters', { parameters: { audience: 1 } }],
    ['allowedOrigins', { allowedOrigins: 'https://api.example.com' }],
  ])('%s is checked at construction: %j', (option, wrong) => {
    expect(() => createOAuth2PasswordAuth({ ...account, ...wrong } as never)).toThrow(`${option}: expected`);
  });
});
