import { describe, expect, test } from 'vitest';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();

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

  test('a refused login is a 400 with a code, a missing field is a 422', async () => {
    expect(await jsonOf(await login({ password: 'x' }))).toEqual({
      status: 400,
      body: { detail: 'LOGIN_BAD_CREDENTIALS' },
    });
    expect((await login({ username: '' })).status).toBe(422);
    expect((await login({ grant_type: 'x' })).status).toBe(422);
    expect((await jsonOf(await login({ client_id: 'mine' }))).body.client_id).toBe('mine');
  });

  test('a refresh needs both headers, and their tokens must be of the same set', async () => {
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

  test('a refresh token that is not the newest revokes all tokens of its family', async () => {
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

  test.each(['postman-refresh', 'postman_refresh'])(
    '%s takes Basic authorization and a form',
    async (path) => {
      const first = (await jsonOf(await login())).body;
      const form = { grant_type: 'refresh_token', refresh_token: first.refresh_token };
      const basic = (text: string) => ({ authorization: `Basic ${btoa(text)}` });
      const url = `${base()}/auth/jwt/${path}`;
      expect((await post(url, {}, basic('client:'))).status).toBe(422);
      expect((await post(url, form)).status).toBe(400);
      expect((await post(url, form, basic('client:with-password'))).status).toBe(400);
      expect((await post(url, form, basic('client:'))).status).toBe(200);
    },
  );
});
