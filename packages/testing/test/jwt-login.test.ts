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

  const worksAgain = (): void => emulator.jwtLogin.set({ refreshWorks: true });
  const postman = (body: string, user: string, path = 'postman_refresh') =>
    fetch(`${base()}/auth/jwt/${path}`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${btoa(user)}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body,
    });

  test('a refused login is a 400 with a code, a missing field is a 422', async () => {
    expect(await jsonOf(await login({ password: 'x' }))).toEqual({
      status: 400,
      body: { detail: 'LOGIN_BAD_CREDENTIALS' },
    });
    expect((await login({ username: '' })).status).toBe(422);
    expect((await login({ password: '' })).status).toBe(422);
    expect((await login({ grant_type: 'x' })).status).toBe(422);
    const { body } = await jsonOf(await login({ client_id: 'mine' }));
    expect(body).toMatchObject({ token_type: 'Bearer', client_id: expect.stringMatching(/^[0-9a-f]{24}$/) });
  });

  test('its refresh endpoint answers 500 to every request that is well formed', async () => {
    const first = (await jsonOf(await login())).body;
    expect((await refresh({})).status).toBe(422);
    expect((await refresh({ 'refresh-token': first.refresh_token })).status).toBe(422);
    for (const authorization of ['nonsense', `bearer ${first.access_token}`, 'Bearer dots.are.malformed'])
      expect((await refresh({ ...headersOf(first), authorization })).status).toBe(400);
    const failed = await refresh(headersOf(first));
    expect([failed.status, await failed.text()]).toEqual([500, 'Internal Server Error']);
  });

  test('once it is mended, the tokens must be of the same set, and the old access token stays valid', async () => {
    worksAgain();
    const first = (await jsonOf(await login())).body;
    expect((await refresh({ ...headersOf(first), authorization: 'Bearer other' })).status).toBe(401);
    const second = (await jsonOf(await refresh(headersOf(first)))).body;
    expect(second.client_id).toBe(first.client_id);
    for (const set of [first, second])
      expect((await fetch(emulator.jwtLogin.apiUrl, { headers: headersOf(set) })).status).toBe(200);
    emulator.jwtLogin.expireTokens();
    expect((await refresh(headersOf(second))).status).toBe(200);
    expect(emulator.jwtLogin.newestRefreshId('ada@example.com')).toBe('rt-3');
  });

  test('a refresh token that is not the newest revokes all tokens of its family', async () => {
    worksAgain();
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

  test('postman_refresh takes the account id by Basic, and its form in one order', async () => {
    const { refresh_token, client_id } = (await jsonOf(await login())).body;
    const body = `refresh_token=${refresh_token}&grant_type=refresh_token`;
    expect((await postman(body, `${client_id}:`, 'postman-refresh')).status).toBe(404);
    expect(
      (await postman(`grant_type=refresh_token&refresh_token=${refresh_token}`, `${client_id}:`)).status,
    ).toBe(400);
    expect((await postman(body, `${client_id}:password`)).status).toBe(400);
    expect((await postman(body, 'no id at all:')).status).toBe(500);
    expect(await jsonOf(await postman(body, `${'0'.repeat(24)}:`))).toEqual({
      status: 401,
      body: { detail: 'Invalid Client ID' },
    });
    expect((await postman(body, `${client_id}:`)).status).toBe(200);
  });

  test('says in its own words what is the matter with an account', async () => {
    const { username } = emulator.jwtLogin.options;
    const { access_token, refresh_token, client_id } = (await jsonOf(await login())).body;
    const headers = { authorization: `Bearer ${access_token}` };
    const body = `refresh_token=${refresh_token}&grant_type=refresh_token`;
    emulator.jwtLogin.setAccountState(username, 'disabled');
    expect((await jsonOf(await login())).body.detail).toBe('LOGIN_BAD_CREDENTIALS');
    expect((await fetch(emulator.jwtLogin.apiUrl, { headers })).status).toBe(401);
    expect((await postman(body, `${client_id}:`)).status).toBe(200);
    emulator.jwtLogin.setAccountState(username, 'not_set_up');
    expect((await jsonOf(await login())).body.detail).toBe('LOGIN_USER_NOT_VERIFIED');
    emulator.jwtLogin.setAccountState(username, 'deleted');
    expect((await postman(body, `${client_id}:`)).status).toBe(404);
  });
});
