import type { ExchangeContext, IssuedTokens, TokenSet } from '@auth/core';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createJoorAuth, type JoorExtra, type JoorProviderOptions, joorProvider } from '../src/index.js';

const sandbox = 'https://atlas-sandbox.jooraccess.com';
const account = {
  clientId: 'client',
  clientSecret: 'client-secret',
  username: 'ada@example.com',
  password: 'p&ss=wörd',
} as const;

/** JOOR's documented answer. */
const answer = {
  access_token: 'aaaaaaaaaa.bbbbbbbbbb.cccccccccc-dddddddddd',
  expires_in: 36000,
  refresh_expires_in: 86400,
  refresh_token: 'eeeeeeeeee.ffffffffff.gggggggggg',
  token_type: 'Bearer',
  'not-before-policy': 0,
  session_state: 'hhhhhhhhhh-jjjj-kkkk-llll-mmmmmmmmmmmm',
  scope: 'email profile',
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

async function login(options: Partial<JoorProviderOptions> = {}): Promise<IssuedTokens<JoorExtra>> {
  const provider = joorProvider({ environment: 'sandbox', ...account, ...options });
  const prepared = await provider.prepareLogin?.();
  return (prepared as NonNullable<typeof prepared>).login(context());
}

const tokenEndpoint = 'https://keycloak.example.com/realms/joor/protocol/openid-connect/token';

async function refresh(refreshToken = 'r&1', secret: JoorProviderOptions['clientSecret'] = 'client-secret') {
  const options = {
    environment: 'sandbox',
    ...account,
    clientSecret: secret,
    refresh: { tokenEndpoint },
  } as const;
  const tokens: TokenSet<JoorExtra> = {
    id: '1',
    accessToken: 'a',
    tokenType: 'Bearer',
    issuedAt: 0,
    refreshToken,
  };
  return joorProvider(options).refresh?.(tokens, context());
}

/** The form the next login posts. */
function captureLogin(host = sandbox, path = '/auth/'): Promise<{ form: FormData; headers: Headers }> {
  const { promise, resolve } = Promise.withResolvers<{ form: FormData; headers: Headers }>();
  nock(host)
    .post(path)
    .reply(async (request: Request) => {
      resolve({ headers: request.headers, form: await request.formData() });
      return [200, answer];
    });
  return promise;
}

describe('login', () => {
  test.each([
    ['sandbox', sandbox, 'https://apisandbox.jooraccess.com'],
    ['production', 'https://atlas.jooraccess.com', 'https://api.jooraccess.com'],
  ] as const)(
    '%s: a multipart POST to /auth/, and the token goes to the API',
    async (environment, host, apiOrigin) => {
      const captured = captureLogin(host);
      nock(apiOrigin)
        .get('/v4/orders')
        .matchHeader('authorization', `Bearer ${answer.access_token}`)
        .reply(200, []);
      const session = createJoorAuth({ environment, ...account, scheduler: null });
      expect((await session.fetch(`${apiOrigin}/v4/orders`)).status).toBe(200);
      const { form, headers } = await captured;
      expect(headers.get('content-type')).toMatch(/^multipart\/form-data; boundary=/);
      expect(headers.get('accept')).toBe('application/json');
      expect([...form]).toEqual([
        ['client_id', 'client'],
        ['grant_type', 'password'],
        ['client_secret', 'client-secret'],
        ['username', 'ada@example.com'],
        ['password', 'p&ss=wörd'],
      ]);
    },
  );

  test('extra fields go along, secrets may come from functions, and baseUrl is the URL of /auth/ itself', async () => {
    const captured = captureLogin('https://proxy.example.com', '/joor/auth/');
    await login({
      baseUrl: 'https://proxy.example.com/joor/auth/',
      clientSecret: async () => 'from the vault',
      password: () => 'also from there',
      extraFields: { 'g-recaptcha-response': 'xxx' },
    });
    const { form } = await captured;
    expect(form.get('g-recaptcha-response')).toBe('xxx');
    expect(form.get('client_secret')).toBe('from the vault');
    expect(form.get('password')).toBe('also from there');
  });

  test('a baseUrl without the slash at its end is the same', async () => {
    const captured = captureLogin('https://proxy.example.com', '/joor/auth/');
    await login({ baseUrl: 'https://proxy.example.com/joor/auth' });
    expect((await captured).form.get('grant_type')).toBe('password');
  });

  test('the documented answer', async () => {
    nock(sandbox).post('/auth/').reply(200, answer);
    expect(await login()).toEqual({
      accessToken: answer.access_token,
      tokenType: 'Bearer',
      expiresInMs: 36_000_000,
      refreshToken: answer.refresh_token,
      refreshExpiresInMs: 86_400_000,
      scope: 'email profile',
      extra: { sessionState: answer.session_state, notBeforePolicy: 0 },
    });
  });

  test('an answer with the token alone', async () => {
    nock(sandbox)
      .post('/auth/')
      .reply(200, { access_token: 'a', refresh_token: null, 'not-before-policy': 'x' });
    expect(await login()).toEqual({ accessToken: 'a' });
  });

  test.each([
    [401, { error: 'invalid_grant', error_description: 'Invalid user credentials' }, 'invalid_grant'],
    [400, { error: 'invalid_grant', error_description: 'Account disabled' }, 'Account disabled'],
    [401, 'denied', undefined],
  ])('%i %j is a refusal', async (status, body, serverCode) => {
    nock(sandbox).post('/auth/').reply(status, body);
    await expect(login()).rejects.toMatchObject({
      code: 'invalid_credentials',
      provider: 'joor',
      phase: 'login',
      status,
      delivery: 'answered',
      ...(serverCode === undefined ? {} : { serverCode }),
    });
  });

  // Keycloak 26.7.3 was seen to answer 401 unauthorized_client to a wrong secret; older versions answer 400.
  test.each([
    [401, 'unauthorized_client'],
    [400, 'unauthorized_client'],
    [401, 'invalid_client'],
    [400, 'invalid_scope'],
  ])('%i %s is a refusal of the client', { tags: ['fault-108'] }, async (status, error) => {
    nock(sandbox).post('/auth/').reply(status, { error, error_description: 'canary' });
    await expect(login()).rejects.toMatchObject({
      code: 'client_refused',
      status,
      serverCode: error,
      message: expect.not.stringContaining('canary'),
    });
  });

  test.each([
    [400, 'Bad Request'],
    [403, '<html>challenge</html>'],
    [500, { error: 'unknown_error' }],
  ])('%i %j is none', async (status, body) => {
    nock(sandbox).post('/auth/').reply(status, body);
    await expect(login()).rejects.toMatchObject({ code: 'server_unavailable', status, delivery: 'unknown' });
  });
});

describe('refresh', () => {
  test('none is documented: the provider only logs in', () => {
    expect(joorProvider({ environment: 'sandbox', ...account }).refresh).toBeUndefined();
  });

  test('with a token endpoint: Keycloak’s refresh_token grant', async () => {
    nock('https://keycloak.example.com')
      .post('/realms/joor/protocol/openid-connect/token', {
        grant_type: 'refresh_token',
        client_id: 'client',
        client_secret: 'client-secret',
        refresh_token: 'r&1',
      })
      .matchHeader('content-type', 'application/x-www-form-urlencoded;charset=UTF-8')
      .reply(200, { ...answer, access_token: 'b' });
    expect(await refresh()).toMatchObject({ accessToken: 'b', refreshToken: answer.refresh_token });
  });

  test('without a refresh token the field goes out empty, for the server to refuse', async () => {
    nock('https://keycloak.example.com')
      .post(/token$/, {
        grant_type: 'refresh_token',
        client_id: 'client',
        client_secret: 'client-secret',
        refresh_token: '',
      })
      .reply(400, { error: 'invalid_grant' });
    const provider = joorProvider({ environment: 'sandbox', ...account, refresh: { tokenEndpoint } });
    const tokens = { id: '1', accessToken: 'a', tokenType: 'Bearer', issuedAt: 0 };
    await expect(provider.refresh?.(tokens, context())).rejects.toMatchObject({ code: 'refresh_refused' });
  });

  test.each(['Token is not active', 'Session not active', 'Stale token'])(
    'Keycloak’s 400 "%s" is a refusal',
    { tags: ['fault-89'] },
    async (description) => {
      nock('https://keycloak.example.com')
        .post(/token$/)
        .reply(400, { error: 'invalid_grant', error_description: description });
      await expect(refresh()).rejects.toMatchObject({
        code: 'refresh_refused',
        serverCode: description,
        status: 400,
      });
    },
  );

  test('a bare 400 from a proxy is none', { tags: ['fault-47'] }, async () => {
    nock('https://keycloak.example.com')
      .post(/token$/)
      .reply(400, 'Bad Request');
    await expect(refresh()).rejects.toMatchObject({ code: 'server_unavailable', delivery: 'unknown' });
  });

  test('a refresh lifetime of 0 is unknown', { tags: ['fault-90'] }, async () => {
    nock(sandbox)
      .post('/auth/')
      .reply(200, { ...answer, refresh_expires_in: 0 });
    const session = createJoorAuth({ environment: 'sandbox', ...account, scheduler: null });
    const tokens = await session.getTokens();
    expect(tokens.refreshToken).toBe(answer.refresh_token);
    expect(tokens).not.toHaveProperty('refreshExpiresAt');
  });

  test('a client secret that cannot be had is no answer of the server', async () => {
    const secret = () => {
      throw new Error('vault: client-secret');
    };
    await expect(refresh('r', secret)).rejects.toMatchObject({
      code: 'credentials_unavailable',
      detail: 'clientSecret: its function threw Error',
    });
  });
});

describe('a sign-out', () => {
  const open = (options: Partial<JoorProviderOptions>) =>
    joorProvider({ environment: 'sandbox', ...account, ...options });

  test('ends the session at Keycloak, whose endpoints lie side by side', async () => {
    const tokenEndpoint = 'https://keycloak.example.com/realms/joor/protocol/openid-connect/token';
    const provider = open({ refresh: { tokenEndpoint } });
    const tokens = { id: '1', tokenType: 'Bearer', issuedAt: 0, accessToken: 'a1' };
    const client = { client_id: 'client', client_secret: 'client-secret' };
    const path = '/realms/joor/protocol/openid-connect/revoke';
    for (const [refreshToken, fields] of [
      ['r1', { token: 'r1', token_type_hint: 'refresh_token' }],
      [undefined, { token: 'a1', token_type_hint: 'access_token' }],
    ] as const) {
      nock('https://keycloak.example.com')
        .post(path, { ...client, ...fields })
        .reply(200);
      await provider.revoke?.({ ...tokens, ...(refreshToken && { refreshToken }) }, context());
    }
  });

  test('is a matter of this side alone where no token endpoint is given', () => {
    expect(open({}).revoke).toBeUndefined();
  });
});

describe('options', () => {
  test('what selects the identity is in the account, and no secret is', () => {
    const provider = joorProvider({ environment: 'sandbox', ...account });
    expect(provider).toMatchObject({
      name: 'joor',
      issuer: 'https://atlas-sandbox.jooraccess.com/auth',
      account: '{"username":"ada@example.com","clientId":"client"}',
      allowedOrigins: ['https://apisandbox.jooraccess.com'],
    });
  });

  test('the origin of a given baseUrl is allowed; allowedOrigins replaces the environment’s list', () => {
    const baseUrl = 'https://proxy.example.com/auth/';
    expect(joorProvider({ ...account, baseUrl }).allowedOrigins).toEqual(['https://proxy.example.com']);
    const options = {
      ...account,
      environment: 'sandbox',
      baseUrl,
      allowedOrigins: ['https://api.example.com'],
    } as const;
    expect(joorProvider(options).allowedOrigins).toEqual([
      'https://api.example.com',
      'https://proxy.example.com',
    ]);
  });

  test('without a password it never logs in by itself', async () => {
    const { password: _, ...rest } = account;
    const provider = joorProvider({ environment: 'sandbox', ...rest });
    expect(provider.prepareLogin).toBeUndefined();
    expect((await provider.prepareSignIn?.('typed'))?.secrets).toEqual(['typed', 'client-secret']);
  });

  test.each([
    ['environment', { environment: undefined }],
    ['environment', { environment: 'staging' }],
    ['clientId', { clientId: '' }],
    ['clientSecret', { clientSecret: undefined }],
    ['username', { username: 5 }],
    ['password', { password: '' }],
    ['baseUrl', { baseUrl: 'https://user:secret@x.example' }],
    ['allowedOrigins', { allowedOrigins: 'https://x.example' }],
    ['refresh.tokenEndpoint', { refresh: { tokenEndpoint: 'http://keycloak.example.com' } }],
    ['refresh.tokenEndpoint', { refresh: { tokenEndpoint: 'secret' } }],
    ['refresh.tokenEndpoint', { refresh: {} }],
    ['refresh.tokenEndpoint', { refresh: { tokenEndpoint: 'https://user:secret@keycloak.example.com' } }],
    ['extraFields', { extraFields: null }],
    ['extraFields', { extraFields: { password: 'x' } }],
    ['extraFields', { extraFields: { number: 5 } }],
  ])('%s is checked at construction', (name, wrong) => {
    const act = () => joorProvider({ environment: 'sandbox', ...account, ...wrong } as JoorProviderOptions);
    expect(act).toThrow(`${name}: expected`);
    expect(act).not.toThrow('secret@');
  });
});
