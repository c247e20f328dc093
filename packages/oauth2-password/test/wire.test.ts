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

  test.each([
    ['is a JWT’s own where none is named', {}, 300_000],
    ['is unknown where 0 is named, whatever the JWT says', { expires_in: 0 }, undefined],
  ])('the lifetime %s', async (_, named, lifeMs) => {
    const payload = Buffer.from(JSON.stringify({ iat: 100, exp: 400 })).toString('base64url');
    nock(host)
      .post('/token')
      .reply(200, { access_token: `h.${payload}.s`, ...named });
    using session = createOAuth2PasswordAuth({ ...account, scheduler: null });
    const { issuedAt, expiresAt } = await session.getTokens();
    expect(expiresAt && expiresAt - issuedAt).toBe(lifeMs);
  });

  test.each([
    ['invalid_grant', 400, 'invalid_credentials'],
    ['invalid_client', 401, 'client_refused'],
    ['unauthorized_client', 400, 'client_refused'],
    ['invalid_scope', 400, 'client_refused'],
    ['invalid_client_id', 400, 'client_refused'],
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

  test('keeps what the login named', async () => {
    nock(host)
      .post('/token')
      .reply(200, { ...answer, id_token: 'new' });
    const tokens = { ...held, extra: { idToken: 'old', instanceUrl: 'https://eu7.example.com' } };
    expect(await oauth2PasswordProvider(account).refresh?.(tokens, context())).toMatchObject({
      extra: { idToken: 'new', instanceUrl: 'https://eu7.example.com' },
    });
  });

  test.each([
    ['/realms/shop/protocol/openid-connect/token', 'client_refused'],
    // The client gets no refreshes (RFC 6749 section 5.2): a login stands in for them.
    ['/token', 'server_unavailable'],
  ])('unauthorized_client at %s is %s', async (path, code) => {
    nock(host).post(path).reply(400, { error: 'unauthorized_client' });
    await expect(refresh({ tokenEndpoint: host + path })).rejects.toMatchObject({ code });
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
  const issuerOf = (): string => `${host}/tenant-${++count}`;
  const discovered = (issuer: string): Changes => ({ issuer, tokenEndpoint: undefined });
  const openid = (issuer: string, status: number, body: object | string = {}, headers = {}): void => {
    nock(host)
      .get(`${new URL(issuer).pathname}/.well-known/openid-configuration`)
      .reply(status, body, headers);
  };
  const oauth = (issuer: string, status: number, body: object = {}): void => {
    nock(host)
      .get(`/.well-known/oauth-authorization-server${new URL(issuer).pathname}`)
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
    const provider = oauth2PasswordProvider({ ...account, ...discovered(issuer) });
    await (await provider.prepareLogin?.())?.login(context());
    await provider.refresh?.(held, context());
    await provider.revoke?.(held, context());
  });

  test.each([
    ['404', 404, {}],
    ['a page', 200, '<!doctype html>'],
  ])('is asked for at the place of RFC 8414, where the other has %s', async (_, status, body) => {
    const issuer = issuerOf();
    openid(issuer, status, body);
    oauth(issuer, 200, { issuer, token_endpoint: `${host}/t` });
    nock(host).post('/t').reply(200, answer);
    const provider = oauth2PasswordProvider({ ...account, ...discovered(issuer) });
    await (await provider.prepareLogin?.())?.login(context());
    // This server revokes nothing.
    await provider.revoke?.(held, context());
  });

  test('may spell the issuer in small letters', async () => {
    const issuer = `${issuerOf()}/Shop`;
    openid(issuer, 200, { issuer: issuer.toLowerCase(), token_endpoint: `${host}/t` });
    nock(host).post('/t').reply(200, answer);
    await login(discovered(issuer));
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
    ['another issuer', { issuer: 'https://evil.example.com' }],
    ['a token endpoint without TLS', { token_endpoint: 'http://auth.example.com/t' }],
    ['a revocation endpoint without TLS', { revocation_endpoint: 'http://auth.example.com/r' }],
    ['no URL', { token_endpoint: 'token' }],
    ['user and password in it', { token_endpoint: 'https://u:p@auth.example.com/t' }],
    ['an endpoint of another kind', { token_endpoint: `blob:${host}/t` }],
  ])('with %s is refused, and no secret is sent', async (_, wrong) => {
    const issuer = issuerOf();
    openid(issuer, 200, { issuer, token_endpoint: `${host}/t`, ...wrong });
    await expect(login(discovered(issuer))).rejects.toMatchObject({
      code: 'invalid_response',
      phase: 'login',
      delivery: 'not_sent',
      detail: expect.stringContaining('metadata'),
    });
  });

  test.each([
    ['nothing', 404, 'server_unavailable', { status: 404 }],
    ['pages', 200, 'invalid_response', { detail: 'it is no metadata' }],
  ] as const)(
    'that is %s in both places is told, and no secret is sent',
    async (_, status, code, details) => {
      const issuer = issuerOf();
      openid(issuer, status, '<!doctype html>');
      oauth(issuer, 404);
      await expect(login(discovered(issuer))).rejects.toMatchObject({
        code,
        delivery: 'not_sent',
        ...details,
      });
    },
  );

  test('of a server that is away is not looked for elsewhere', async () => {
    const issuer = issuerOf();
    openid(issuer, 503);
    const away = { code: 'server_unavailable', delivery: 'not_sent', status: 503 };
    await expect(login(discovered(issuer))).rejects.toMatchObject(away);
    openid(issuer, 429, {}, { 'retry-after': '120' });
    const limited = { code: 'rate_limited', retryAfterMs: 120_000 };
    await expect(login(discovered(issuer))).rejects.toMatchObject(limited);
    nock(host)
      .get(/openid-configuration$/)
      .replyWithError(Object.assign(new Error(), { code: 'ECONNRESET' }));
    const broken = { code: 'network', delivery: 'not_sent', detail: 'ECONNRESET' };
    await expect(login(discovered(issuer))).rejects.toMatchObject(broken);
  });
});

describe('options', () => {
  test('they determine the issuer and the account', () => {
    const parameters = { b: '2', a: '1' };
    expect(oauth2PasswordProvider({ ...account, ...client, scope: 'orders', parameters })).toMatchObject({
      name: 'oauth2-password',
      issuer: `${host}/token`,
      account: '{"username":"ada","clientId":"shop:1","scope":"orders","parameters":{"a":"1","b":"2"}}',
      allowedOrigins: [host],
    });
  });

  test.each([
    ['username', { username: undefined }],
    ['password', { password: {} }],
    ['tokenEndpoint', { tokenEndpoint: 'auth.example.com' }],
    ['tokenEndpoint', { tokenEndpoint: undefined }],
    ['tokenEndpoint', { issuer: host }],
    ['revocationEndpoint', { revocationEndpoint: 'http://other.example.com/revoke' }],
    ['issuer', { issuer: 'https://user@auth.example.com', tokenEndpoint: undefined }],
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
    ['originsOf', { originsOf: ['https://api.example.com'] }],
    ['fetch', { fetch: 'globalThis.fetch' }],
  ])('%s is checked at construction: %j', (option, wrong) => {
    expect(() => createOAuth2PasswordAuth({ ...account, ...wrong } as never)).toThrow(`${option}: expected`);
  });
});
