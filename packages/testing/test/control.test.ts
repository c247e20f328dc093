import { describe, expect, test } from 'vitest';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();

describe('control over HTTP', () => {
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

  test('does what the handles do from code', async () => {
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

  test('an unknown vendor or knob is a 404', async () => {
    expect((await control('toString')).status).toBe(404);
    expect((await fetch(`${emulator.url}/_emulator/constructor/ledger`)).status).toBe(404);
  });

  test('an account locks after as many wrong passwords as were set', async () => {
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
});
