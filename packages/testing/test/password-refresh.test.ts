import { describe, expect, test } from 'vitest';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();

describe('Simacan', () => {
  const base = () => emulator.passwordRefresh.options.baseUrl;

  test('issues JWTs, rotates refresh tokens, and answers every refusal with 401', async () => {
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
