import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEmulator, type RunningEmulator, startEmulator } from '../src/emulator/index.js';

let emulator: RunningEmulator;

beforeAll(async () => {
  emulator = await startEmulator({ api: { joor: () => Response.json([{ order: 1 }]) } });
});
afterAll(() => emulator.close());
beforeEach(() => {
  for (const name of ['joor', 'bearerLogin', 'passwordRefresh', 'jwtLogin'] as const) emulator[name].reset();
});

const post = (
  url: string,
  body: Record<string, string> | FormData | undefined,
  headers: Record<string, string> = {},
) =>
  fetch(url, {
    method: 'POST',
    headers,
    ...(body && { body: body instanceof FormData ? body : new URLSearchParams(body) }),
  });

const jsonOf = async (response: Response) => ({ status: response.status, body: await response.json() });

describe('JOOR', () => {
  const { username, password } = { username: 'ada@example.com', password: 'correct-horse' };
  const client = { client_id: 'emulated-client', client_secret: 'emulated-client-secret' };
  const form = (fields: Record<string, string>): FormData => {
    const data = new FormData();
    for (const [name, value] of Object.entries(fields)) data.set(name, value);
    return data;
  };
  const login = (changes: Record<string, string> = {}) =>
    post(
      emulator.joor.options.baseUrl,
      form({ ...client, grant_type: 'password', username, password, ...changes }),
    );

  test('a multipart login, the documented answer, and the API behind it', async () => {
    const { status, body } = await jsonOf(await login());
    expect(status).toBe(200);
    expect(body).toMatchObject({
      expires_in: 36_000,
      refresh_expires_in: 86_400,
      token_type: 'Bearer',
      'not-before-policy': 0,
      scope: 'email profile',
    });
    const headers = { authorization: `Bearer ${body.access_token}` };
    expect(await jsonOf(await fetch(emulator.joor.apiUrl, { headers }))).toEqual({
      status: 200,
      body: [{ order: 1 }],
    });
    expect((await fetch(emulator.joor.apiUrl)).status).toBe(401);
    expect(emulator.joor.ledger).toMatchObject({
      logins: 1,
      tokenCalls: 1,
      apiCallsAccepted: 1,
      apiCallsRejected: 1,
    });
  });

  test('Keycloak’s refusals', async () => {
    expect(await jsonOf(await login({ password: 'x' }))).toMatchObject({
      status: 401,
      body: { error: 'invalid_grant' },
    });
    expect(await jsonOf(await login({ client_id: 'x' }))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await login({ grant_type: 'x' })).status).toBe(400);
    expect((await post(emulator.joor.options.baseUrl, { username, password })).status).toBe(400);
    expect((await fetch(emulator.joor.options.baseUrl.slice(0, -1), { method: 'POST' })).status).toBe(404);
  });

  test('the token endpoint rotates, and says why it refuses', async () => {
    const refresh = (refresh_token: string, changes: Record<string, string> = {}) =>
      post(emulator.joor.tokenEndpoint, {
        ...client,
        grant_type: 'refresh_token',
        refresh_token,
        ...changes,
      });
    const first = (await jsonOf(await login())).body;
    const second = (await jsonOf(await refresh(first.refresh_token))).body;
    expect(second.access_token).not.toBe(first.access_token);
    expect((await jsonOf(await refresh(first.refresh_token))).body.error_description).toBe(
      'Token is not active',
    );
    emulator.joor.endSessions();
    expect((await jsonOf(await refresh(second.refresh_token))).body.error_description).toBe(
      'Session not active',
    );
    expect((await jsonOf(await refresh('forged'))).body.error_description).toBe('Invalid refresh token');
    expect((await refresh('x', { client_id: 'x' })).status).toBe(401);
    expect((await refresh('x', { grant_type: 'x' })).status).toBe(400);
    expect(
      emulator.joor.ledger.entries.slice(1).map(({ presented, outcome }) => `${presented} ${outcome}`),
    ).toEqual([
      'rt-1 issued',
      'rt-1 reused',
      'rt-2 refused',
      'undefined refused',
      'undefined refused',
      'undefined malformed',
    ]);
  });
});

describe('TeleTracker', () => {
  const base = () => emulator.bearerLogin.options.baseUrl;
  const login = (changes: Record<string, string> = {}) =>
    post(`${base()}/auth/login`, { username: 'ada@example.com', password: 'correct-horse', ...changes });

  test('success and failure stand in success, and dates carry offsets', async () => {
    const { body } = await jsonOf(await login({ account_id: '42' }));
    expect(body).toMatchObject({
      success: true,
      tokenLifetime: 3600,
      tokenExpiration: expect.stringMatching(/\+00:00$/),
    });
    expect(await jsonOf(await login({ password: 'x' }))).toMatchObject({
      status: 401,
      body: { success: false },
    });
    expect((await login({ account_id: 'x' })).status).toBe(400);
    expect(emulator.bearerLogin.ledger.entries[0]).toMatchObject({ accountId: '42', issued: 'rt-1' });
  });

  test('auth_only checks and issues nothing', async () => {
    const { body } = await jsonOf(await login({ auth_only: '1' }));
    expect(body).toMatchObject({ success: true });
    expect(body).not.toHaveProperty('token');
    expect(emulator.bearerLogin.ledger).toMatchObject({ verifications: 1, logins: 0 });
  });

  test('the token counts in either header; a dead one is a 403', async () => {
    const { token } = (await jsonOf(await login())).body;
    for (const name of ['authorization', 'authentication']) {
      expect(
        (await fetch(emulator.bearerLogin.apiUrl, { headers: { [name]: `Bearer ${token}` } })).status,
      ).toBe(200);
    }
    emulator.bearerLogin.expireTokens();
    const headers = { authentication: `Bearer ${token}` };
    expect((await fetch(emulator.bearerLogin.apiUrl, { headers })).status).toBe(403);
    expect((await fetch(emulator.bearerLogin.apiUrl)).status).toBe(401);
  });

  test('a refresh token is spent once', async () => {
    const { refreshToken } = (await jsonOf(await login())).body;
    const refresh = () => post(`${base()}/auth/refresh`, { refresh_token: refreshToken });
    expect((await refresh()).status).toBe(200);
    expect(await jsonOf(await refresh())).toMatchObject({ status: 403, body: { success: false } });
  });

  test('JSON is taken as well, and what is no form is not', async () => {
    const json = JSON.stringify({ username: 'ada@example.com', password: 'correct-horse' });
    const send = (body: string) =>
      fetch(`${base()}/auth/login`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      });
    expect((await send(json)).status).toBe(200);
    expect((await send('{torn')).status).toBe(400);
  });
});

describe('Simacan', () => {
  const base = () => emulator.passwordRefresh.options.baseUrl;

  test('JWTs, rotation, and 401 for everything refused', async () => {
    const login = (password: string) =>
      post(`${base()}/auth/password`, { username: 'ada@example.com', password });
    const { body } = await jsonOf(await login('correct-horse'));
    const claims = JSON.parse(atob(body.refresh_token.split('.')[1]));
    expect(claims.exp - claims.iat).toBe(30 * 86_400);
    expect((await login('x')).status).toBe(401);
    expect((await post(`${base()}/auth/password`, {})).status).toBe(400);
    const refresh = () => post(`${base()}/auth/refresh`, { refresh_token: body.refresh_token });
    expect((await refresh()).status).toBe(200);
    expect((await refresh()).status).toBe(401);
    expect((await fetch(emulator.passwordRefresh.apiUrl)).status).toBe(401);
    expect((await post(`${base()}/api/v1/auth/password`, {})).status).toBe(404);
  });
});

describe('UniPoll', () => {
  const base = () => emulator.jwtLogin.options.baseUrl;
  const login = (changes: Record<string, string> = {}) =>
    post(`${base()}/auth/jwt/login`, {
      grant_type: 'password',
      username: 'ada@example.com',
      password: 'correct-horse',
      ...changes,
    });
  const refresh = (headers: Record<string, string>) => post(`${base()}/auth/jwt/refresh`, undefined, headers);
  const headersOf = ({ access_token, refresh_token }: Record<string, string>) => ({
    authorization: `Bearer ${access_token}`,
    'refresh-token': refresh_token as string,
  });

  test('400 with a word for a refused login, 422 for a missing field', async () => {
    expect(await jsonOf(await login({ password: 'x' }))).toEqual({
      status: 400,
      body: { detail: 'LOGIN_BAD_CREDENTIALS' },
    });
    expect((await login({ username: '' })).status).toBe(422);
    expect((await login({ grant_type: 'x' })).status).toBe(422);
    expect((await jsonOf(await login({ client_id: 'mine' }))).body.client_id).toBe('mine');
  });

  test('a refresh needs both headers, of the same set', async () => {
    const first = (await jsonOf(await login())).body;
    expect((await refresh({})).status).toBe(422);
    expect((await refresh({ 'refresh-token': first.refresh_token })).status).toBe(422);
    expect((await refresh({ ...headersOf(first), authorization: 'nonsense' })).status).toBe(400);
    expect((await refresh({ ...headersOf(first), authorization: 'Bearer other' })).status).toBe(401);
    emulator.jwtLogin.expireTokens();
    const second = (await jsonOf(await refresh(headersOf(first)))).body;
    expect(second.client_id).toBe(first.client_id);
    expect((await fetch(emulator.jwtLogin.apiUrl, { headers: headersOf(second) })).status).toBe(200);
    expect(emulator.jwtLogin.newestRefreshId('ada@example.com')).toBe(
      emulator.jwtLogin.refreshIdOf(second.refresh_token),
    );
  });

  test('a refresh token that is not the newest ends the whole family', async () => {
    const first = (await jsonOf(await login())).body;
    const second = (await jsonOf(await login())).body;
    expect((await refresh(headersOf(first))).status).toBe(401);
    expect((await fetch(emulator.jwtLogin.apiUrl, { headers: headersOf(second) })).status).toBe(401);
    expect((await refresh(headersOf(second))).status).toBe(401);
    expect(emulator.jwtLogin.ledger.entries.map(({ outcome }) => outcome)).toEqual([
      'issued',
      'issued',
      'reused',
      'refused',
    ]);
  });

  test.each(['postman-refresh', 'postman_refresh'])('%s takes Basic and a form', async (path) => {
    const first = (await jsonOf(await login())).body;
    const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
    const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
    const url = `${base()}/auth/jwt/${path}`;
    expect((await post(url, {}, basic('client:'))).status).toBe(422);
    expect((await post(url, form)).status).toBe(400);
    expect((await post(url, form, basic('client:with-password'))).status).toBe(400);
    expect((await post(url, form, basic('client:'))).status).toBe(200);
  });
});

describe('knobs', () => {
  const login = (init: RequestInit = {}) =>
    fetch(`${emulator.passwordRefresh.options.baseUrl}/auth/password`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'ada@example.com', password: 'correct-horse' }),
      ...init,
    });
  const control = (knob: string, body?: unknown) =>
    fetch(`${emulator.url}/_emulator/password-refresh/${knob}`, {
      method: 'POST',
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  test('over HTTP as from code', async () => {
    await control('settings', { accessTokenLifetimeMs: 5_000, lockAfter: 1, clockOffsetMs: -3_600_000 });
    const response = await login();
    expect((await response.clone().json()).expires_in).toBe(5);
    expect(Date.parse(response.headers.get('date') as string)).toBeLessThan(Date.now() - 3_500_000);
    await control('reset');

    await control('answer', {
      on: 'login',
      times: 2,
      status: 418,
      headers: { 'x-kind': 'teapot' },
      body: { short: true },
    });
    const teapot = await login();
    expect([teapot.status, teapot.headers.get('x-kind'), await teapot.json()]).toEqual([
      418,
      'teapot',
      { short: true },
    ]);
    expect((await login()).status).toBe(418);
    expect((await login()).status).toBe(200);

    await control('omit', { fields: ['refresh_token'] });
    expect(await (await login()).json()).not.toHaveProperty('refresh_token');
    await control('account', { username: 'bob', password: 'x' });
    expect((await login({ body: new URLSearchParams({ username: 'bob', password: 'x' }) })).status).toBe(200);
    await control('drop');
    await expect(login()).rejects.toThrow('fetch failed');
    const ledger = await (await fetch(`${emulator.url}/_emulator/password-refresh/ledger`)).json();
    expect(ledger.entries.at(-1)).toMatchObject({ outcome: 'issued', status: 0 });
    for (const knob of ['expire', 'revoke', 'end', 'reset']) expect((await control(knob)).status).toBe(200);
    expect(emulator.passwordRefresh.ledger.tokenCalls).toBe(0);
    expect(emulator.passwordRefresh.settings).toMatchObject({
      accessTokenLifetimeMs: 3_600_000,
      lockAfter: 0,
    });
  });

  test.each([
    ['settings', { nonsense: 1 }],
    ['settings', { lockAfter: 'x' }],
    ['settings', { accessTokenLifetimeMs: -1 }],
    ['drop', { times: -3 }],
    ['answer', { status: 99 }],
    ['answer', { status: 204, body: 'x' }],
    ['answer', { on: 'foo' }],
    ['answer', { stauts: 500 }],
    ['omit', { fields: 'access_token' }],
    ['account', { username: 'x' }],
  ])('%s %j is refused', async (knob, body) => {
    const answer = await jsonOf(await control(knob, body));
    expect(answer).toMatchObject({ status: 400, body: { error: expect.any(String) } });
    expect((await login()).status).toBe(200);
  });

  test('unknown vendors and knobs are 404', async () => {
    expect((await control('toString')).status).toBe(404);
    expect((await fetch(`${emulator.url}/_emulator/constructor/ledger`)).status).toBe(404);
  });

  test('an account locks after so many wrong passwords', async () => {
    emulator.passwordRefresh.set({ lockAfter: 2 });
    const wrong = { body: new URLSearchParams({ username: 'ada@example.com', password: 'x' }) };
    await login(wrong);
    await login(wrong);
    expect((await login()).status).toBe(401);
    emulator.passwordRefresh.set({ lockAfter: 0 });
    expect(emulator.passwordRefresh.ledger.entries.map(({ outcome }) => outcome)).toEqual([
      'refused',
      'refused',
      'locked',
    ]);
    for (const [vendor, path] of [
      ['jwtLogin', '/auth/jwt/login'],
      ['bearerLogin', '/auth/login'],
    ] as const) {
      emulator[vendor].set({ lockAfter: 1 });
      const body = { grant_type: 'password', username: 'ada@example.com', password: 'x' };
      await post(`${emulator[vendor].options.baseUrl}${path}`, body);
      await post(`${emulator[vendor].options.baseUrl}${path}`, body);
      emulator[vendor].set({ lockAfter: 0 });
      expect(emulator[vendor].ledger.entries.at(-1)?.outcome).toBe('locked');
    }
  });

  test('a call that stalls for ever ends with the emulator', async () => {
    await using other = await startEmulator();
    other.jwtLogin.set({ delayBeforeCommitMs: Number.POSITIVE_INFINITY });
    const stalled = post(`${other.jwtLogin.options.baseUrl}/auth/jwt/login`, { grant_type: 'password' });
    const outcome = stalled.catch((error: Error) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.close();
    expect(await outcome).toBe('fetch failed');
  });

  test('a page says what runs where', async () => {
    const page = await (await fetch(emulator.url)).text();
    for (const text of ['JOOR', 'TeleTracker', 'Simacan', 'UniPoll', emulator.url, '/joor/auth/']) {
      expect(page).toContain(text);
    }
  });
});

describe('without a socket', () => {
  test('fetch answers the vendors’ real hosts', async () => {
    const { fetch } = createEmulator();
    const login = await fetch('https://auth-service-stg.services.simacan.com/api/v1/auth/password', {
      method: 'POST',
      body: new URLSearchParams({ username: 'ada@example.com', password: 'correct-horse' }),
    });
    const { access_token } = await login.json();
    const headers = { authorization: `Bearer ${access_token}` };
    expect((await fetch('https://trips.services.simacan.com/trips', { headers })).status).toBe(200);
    for (const url of ['https://atlas.jooraccess.com/auth/', 'https://api.teletracker.net/auth/login']) {
      expect((await fetch(url, { method: 'POST' })).status).toBe(400);
    }
    for (const url of [
      'https://apisandbox.jooraccess.com/v4/orders',
      'https://api.teletracker.net/vehicles',
    ]) {
      expect((await fetch(url)).status).toBe(401);
    }
    await expect(fetch('https://elsewhere.example/')).rejects.toThrow('fetch failed');
  });

  test('a dropped connection and an abort reject as with a socket', async () => {
    const { fetch, jwtLogin } = createEmulator();
    const login = (signal?: AbortSignal) =>
      fetch(`${jwtLogin.options.baseUrl}/auth/jwt/login`, { method: 'POST', ...(signal && { signal }) });
    jwtLogin.dropNext();
    await expect(login()).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    jwtLogin.set({ delayAfterCommitMs: 60_000 });
    const controller = new AbortController();
    const aborted = expect(login(controller.signal)).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await aborted;
    jwtLogin.reset();
  });
});

describe('auth-emulator', () => {
  const bin = fileURLToPath(new URL('../dist/emulator/bin.js', import.meta.url));

  test('prints its URLs and credentials, answers, and ends with a signal', async () => {
    const child = spawn(process.execPath, [bin], { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit');
    try {
      const lines: string[] = [];
      for await (const line of createInterface(child.stdout)) {
        lines.push(line);
        if (line.startsWith('Ctrl-C')) break;
      }
      const url = /http:\S+/.exec(lines[0] as string)?.[0] as string;
      expect(lines.join('\n')).toContain('ada@example.com / correct-horse');
      expect((await fetch(url)).status).toBe(200);
    } finally {
      child.kill('SIGTERM');
    }
    expect(await exited).toEqual([0, null]);
  });

  test.each([
    [['--port', 'x'], 2],
    [['--prot', '0'], 2],
    [['--port'], 2],
    [['--help'], 0],
  ])('%j exits with %i', async (args, expected) => {
    const child = spawn(process.execPath, [bin, ...args], { stdio: 'ignore' });
    const [code] = await once(child, 'exit');
    expect(code).toBe(expected);
  });
});
