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

  test('the token endpoint rotates refresh tokens, and says why it refuses one', async () => {
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
