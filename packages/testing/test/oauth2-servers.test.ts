import { expect, test } from 'vitest';
import { manualClock } from '../src/clock/index.js';
import { startEmulator } from '../src/emulator/index.js';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();
const account = { username: 'ada@example.com', password: 'correct-horse' };
const client = { client_id: 'emulated-client', client_secret: 'emulated-client-secret' };

test('a realm of Keycloak says where its endpoints are, and takes its client by Basic or in the body', async () => {
  const { issuer } = emulator.keycloak.options;
  const { body: metadata } = await jsonOf(await fetch(`${issuer}/.well-known/openid-configuration`));
  expect(metadata).toMatchObject({ issuer, token_endpoint: `${issuer}/protocol/openid-connect/token` });
  const grant = { grant_type: 'password', ...account };
  const basic = (secret: string) => ({ authorization: `Basic ${btoa(`emulated-client:${secret}`)}` });
  const login = async (fields: Record<string, string>, headers?: Record<string, string>) =>
    jsonOf(await post(metadata.token_endpoint, fields, headers));
  expect((await login({ ...grant, ...client })).status).toBe(200);
  const { body } = await login(grant, basic('emulated-client-secret'));
  expect(body).toMatchObject({ expires_in: 300, refresh_expires_in: 1_800 });
  expect(await login(grant, basic('x'))).toMatchObject({
    status: 401,
    body: { error: 'unauthorized_client' },
  });
  expect(await login({ ...client, grant_type: 'x' })).toMatchObject({
    status: 400,
    body: { error: 'unsupported_grant_type' },
  });
  const renewal = { grant_type: 'refresh_token', refresh_token: body.refresh_token, ...client };
  expect((await login(renewal)).status).toBe(200);
  expect((await login(renewal)).body.error_description).toBe('Maximum allowed refresh token reuse exceeded');
  expect((await post(metadata.revocation_endpoint, { token: body.access_token, ...client })).status).toBe(
    200,
  );
  expect((await fetch(`${issuer}/nothing`)).status).toBe(404);
});

test('its one-time code is taken once, under either of its names', async () => {
  const url = `${emulator.keycloak.options.issuer}/protocol/openid-connect/token`;
  const login = async (code: Record<string, string>): Promise<number> =>
    (await post(url, { grant_type: 'password', ...account, ...client, ...code })).status;
  emulator.keycloak.set({ oneTimeCode: '123456' });
  expect([await login({}), await login({ otp: '654321' }), await login({ otp: '123456' })]).toEqual([
    400, 400, 200,
  ]);
  expect(await login({ otp: '123456' })).toBe(400);
  emulator.keycloak.set({ oneTimeCode: '234567' });
  expect(await login({ totp: '234567' })).toBe(200);
});

test('a wrong one-time code counts towards the lock, and the right password before it does not take that back', async () => {
  const url = `${emulator.keycloak.options.issuer}/protocol/openid-connect/token`;
  const login = async (otp: string): Promise<number> =>
    (await post(url, { grant_type: 'password', ...account, ...client, otp })).status;
  emulator.keycloak.set({ oneTimeCode: '123456', lockAfter: 2 });
  expect([await login('1'), await login('2'), await login('123456')]).toEqual([400, 400, 400]);
  expect(emulator.keycloak.ledger.entries.at(-1)?.outcome).toBe('locked');
});

test('a token of Keycloak ends at its exp, in whole seconds', async () => {
  const clock = manualClock(1_000_900);
  await using server = await startEmulator({ clock });
  const { options, apiUrl } = server.keycloak;
  server.keycloak.set({ accessTokenLifetimeMs: 5_000 });
  const grant = { grant_type: 'password', ...account, ...client };
  const { body } = await jsonOf(await post(`${options.issuer}/protocol/openid-connect/token`, grant));
  const call = async (): Promise<number> =>
    (await fetch(apiUrl, { headers: { authorization: `Bearer ${body.access_token}` } })).status;
  await clock.advance(4_050);
  expect(await call()).toBe(200);
  await clock.advance(50);
  expect(await call()).toBe(401);
  expect(body.expires_in).toBe(5);
});

test('ServiceNow gives a living token again, keeps its refresh token, and refuses with one answer', async () => {
  const { tokenEndpoint } = emulator.serviceNow.options;
  const call = async (fields: Record<string, string>) =>
    jsonOf(await post(tokenEndpoint, { ...client, ...fields }));
  const grant = { grant_type: 'password', ...account };
  const [first, second] = [await call(grant), await call(grant)];
  expect(second.body.access_token).toBe(first.body.access_token);
  expect(first.body).toMatchObject({
    scope: 'useraccount',
    token_type: 'Bearer',
    expires_in: expect.any(Number),
  });
  const renewed = await call({ grant_type: 'refresh_token', refresh_token: first.body.refresh_token });
  expect(renewed.body.access_token).not.toBe(first.body.access_token);
  expect(renewed.body.refresh_token).toBe(first.body.refresh_token);
  const headers = { authorization: `Bearer ${renewed.body.access_token}` };
  expect((await fetch(emulator.serviceNow.apiUrl, { headers })).status).toBe(200);
  expect((await jsonOf(await fetch(emulator.serviceNow.apiUrl))).body.status).toBe('failure');
  for (const wrong of [{ password: 'x' }, { client_secret: 'x' }, { grant_type: 'x' }])
    expect(await call({ ...grant, ...wrong })).toEqual({
      status: 401,
      body: { error: 'server_error', error_description: 'access_denied' },
    });
  expect((await call({ grant_type: 'refresh_token', refresh_token: 'x' })).status).toBe(401);
});
