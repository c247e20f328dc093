import { describe, expect, test } from 'vitest';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();

describe('TeleTracker', () => {
  const base = () => emulator.bearerLogin.options.baseUrl;
  const login = (changes: Record<string, string> = {}) =>
    post(`${base()}/auth/login`, { username: 'ada@example.com', password: 'correct-horse', ...changes });

  test('the field `success` tells success from failure, and dates carry offsets', async () => {
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

  test.each(['disabled', 'not_set_up', 'deleted'] as const)(
    'an account that is %s gets no tokens',
    async (state) => {
      emulator.bearerLogin.setAccountState('ada@example.com', state);
      for (const password of ['correct-horse', 'x'])
        expect(await jsonOf(await login({ password }))).toMatchObject({
          status: 401,
          body: { success: false },
        });
      emulator.bearerLogin.setAccountState('ada@example.com', 'active');
      expect((await login()).status).toBe(200);
    },
  );

  test('with auth_only a login checks the password and issues nothing', async () => {
    const { body } = await jsonOf(await login({ auth_only: '1' }));
    expect(body).toMatchObject({ success: true });
    expect(body).not.toHaveProperty('token');
    expect(emulator.bearerLogin.ledger).toMatchObject({ verifications: 1, logins: 0 });
  });

  test('either header may carry the token, and an expired token is answered with 403', async () => {
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

  test('a refresh token works once', async () => {
    const { refreshToken } = (await jsonOf(await login())).body;
    const refresh = () => post(`${base()}/auth/refresh`, { refresh_token: refreshToken });
    expect((await refresh()).status).toBe(200);
    expect(await jsonOf(await refresh())).toMatchObject({ status: 403, body: { success: false } });
  });

  test('a body may be JSON, and a torn one is refused', async () => {
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
