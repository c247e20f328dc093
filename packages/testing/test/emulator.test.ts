import { describe, expect, test } from 'vitest';
import { createEmulator } from '../src/emulator/index.js';

describe('createEmulator, without a socket', () => {
  test('its fetch answers for the vendors’ real hosts', async () => {
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

  test('the sessions of a deleted account end, and an unlocked account logs in again', async () => {
    const { fetch, passwordRefresh } = createEmulator();
    const { baseUrl, username, password } = passwordRefresh.options;
    const send = async (path: string, form: Record<string, string>) => {
      const answer = await fetch(baseUrl + path, { method: 'POST', body: new URLSearchParams(form) });
      return { status: answer.status, body: await answer.json() };
    };
    const login = (given = password) => send('/auth/password', { username, password: given });
    const { access_token, refresh_token } = (await login()).body;
    passwordRefresh.setAccountState(username, 'deleted');
    expect((await send('/auth/refresh', { refresh_token })).status).toBe(401);
    const headers = { authorization: `Bearer ${access_token}` };
    expect((await fetch(passwordRefresh.apiUrl, { headers })).status).toBe(401);
    passwordRefresh.setAccountState(username, 'active');
    passwordRefresh.set({ lockAfter: 1 });
    expect((await login('x')).status).toBe(401);
    expect((await login()).status).toBe(401);
    passwordRefresh.setAccountState(username, 'active');
    expect((await login()).status).toBe(200);
  });

  test('names beyond ASCII stand in tokens as UTF-8', async () => {
    const { fetch, passwordRefresh } = createEmulator();
    passwordRefresh.addAccount('Łukasz', 'pw');
    const body = new URLSearchParams({ username: 'Łukasz', password: 'pw' });
    const answer = await fetch(`${passwordRefresh.options.baseUrl}/auth/password`, { method: 'POST', body });
    const [, payload = ''] = (await answer.json()).access_token.split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ sub: 'Łukasz' });
  });

  test('a dropped connection and an abort reject as they do with a socket', async () => {
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
