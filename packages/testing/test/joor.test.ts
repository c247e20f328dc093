import { describe, expect, test } from 'vitest';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator({ api: { joor: () => Response.json([{ order: 1 }]) } });

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

  test('a multipart login gets the documented answer, and its token opens the API', async () => {
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

  test('refuses as Keycloak does', async () => {
    const answerTo = async (changes: Record<string, string>) => jsonOf(await login(changes));
    const wrongPassword = { error: 'invalid_grant', error_description: 'Invalid user credentials' };
    for (const changes of [{ password: 'x' }, { password: '' }, { username: 'nobody' }])
      expect(await answerTo(changes)).toEqual({ status: 400, body: wrongPassword });
    const states = [
      ['locked', 'Invalid user credentials'],
      ['disabled', 'Account disabled'],
      ['not_set_up', 'Account is not fully set up'],
    ] as const;
    for (const [state, error_description] of states) {
      emulator.joor.setAccountState(username, state);
      expect(await answerTo({})).toEqual({
        status: 400,
        body: { error: 'invalid_grant', error_description },
      });
    }
    // Keycloak asks for what is missing after it has checked the password.
    expect(await answerTo({ password: 'x' })).toEqual({ status: 400, body: wrongPassword });
    emulator.joor.setAccountState(username, 'active');
    expect(await answerTo({ client_id: 'x' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect(await answerTo({ client_secret: 'x' })).toMatchObject({
      status: 401,
      body: { error: 'unauthorized_client' },
    });
    expect((await login({ grant_type: 'x' })).status).toBe(400);
    expect((await post(emulator.joor.options.baseUrl, { username, password })).status).toBe(400);
    expect((await fetch(emulator.joor.options.baseUrl.slice(0, -1), { method: 'POST' })).status).toBe(404);
  });

  test('the token endpoint rotates refresh tokens, and says why it refuses one', async () => {
    const refresh = (refresh_token: string, changes: Record<string, string> = {}) =>
      post(emulator.joor.tokenEndpoint, {
        ...client,
        grant_type: 'refresh_token',
        refresh_token,
        ...changes,
      });
    const saysTo = async (token: string) => (await jsonOf(await refresh(token))).body.error_description;
    const first = (await jsonOf(await login())).body;
    expect((await refresh(first.refresh_token, { client_secret: 'x' })).status).toBe(401);
    const second = (await jsonOf(await refresh(first.refresh_token))).body;
    expect(second.access_token).not.toBe(first.access_token);
    expect(second.session_state).toBe(first.session_state);
    const other = (await jsonOf(await login())).body;
    expect(await saysTo(first.refresh_token)).toBe('Maximum allowed refresh token reuse exceeded');
    // The whole session has ended, and no other.
    expect(await saysTo(second.refresh_token)).toBe('Session not active');
    emulator.joor.setAccountState(username, 'disabled');
    expect(await saysTo(other.refresh_token)).toBe('User disabled');
    emulator.joor.setAccountState(username, 'active');
    expect((await refresh(other.refresh_token)).status).toBe(200);
    expect(await saysTo('forged')).toBe('Invalid refresh token');
    expect((await refresh('x', { grant_type: 'x' })).status).toBe(400);
    expect(
      emulator.joor.ledger.entries.slice(1).map(({ presented, outcome }) => `${presented} ${outcome}`),
    ).toEqual([
      'rt-1 refused',
      'rt-1 issued',
      'undefined issued',
      'rt-1 reused',
      'rt-2 refused',
      'rt-3 refused',
      'rt-3 issued',
      'undefined refused',
      'undefined malformed',
    ]);
  });

  test('a revocation ends the session of a token', async () => {
    const { access_token, refresh_token } = (await jsonOf(await login())).body;
    const revoke = (fields: Record<string, string>) =>
      post(emulator.joor.tokenEndpoint.replace(/token$/, 'revoke'), { ...client, ...fields });
    expect((await revoke({ token: refresh_token, client_secret: 'x' })).status).toBe(401);
    const revoked = await revoke({ token: refresh_token });
    expect([revoked.status, await revoked.text()]).toEqual([200, '']);
    const headers = { authorization: `Bearer ${access_token}` };
    expect((await fetch(emulator.joor.apiUrl, { headers })).status).toBe(401);
    expect((await revoke({ token: 'never-issued' })).status).toBe(200);
  });
});
