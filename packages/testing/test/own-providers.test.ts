import { expect, test } from 'vitest';
import { jsonOf, post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();
const password = 'correct-horse';

test('Magento answers with one JSON string, a JWT, and refuses with 401', async () => {
  const url = `${emulator.magento.options.baseUrl}/rest/V1/integration/admin/token`;
  const login = (fields: object): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fields),
    });
  const { status, body } = await jsonOf(await login({ username: 'ada@example.com', password }));
  const { iat, exp } = JSON.parse(Buffer.from(body.split('.')[1], 'base64url').toString());
  expect([status, exp - iat]).toEqual([200, 4 * 3_600]);
  const headers = { authorization: `Bearer ${body}` };
  expect((await fetch(emulator.magento.apiUrl, { headers })).status).toBe(200);
  const refused = await jsonOf(await login({ username: 'ada@example.com', password: 'x' }));
  expect([refused.status, refused.body.message]).toEqual([
    401,
    expect.stringContaining('sign-in was incorrect'),
  ]);
  expect((await jsonOf(await fetch(emulator.magento.apiUrl))).body.parameters.resources).toContain('Magento');
  expect((await post(url, { username: 'ada@example.com', password })).status).toBe(400);
});

test('Proxmox wants its cookie, and of a write the CSRF token too; a living ticket is the next password', async () => {
  const url = `${emulator.proxmox.options.baseUrl}/api2/json/access/ticket`;
  const login = async (secret: string) => jsonOf(await post(url, { username: 'ada@pve', password: secret }));
  const { ticket, CSRFPreventionToken: csrf } = (await login(password)).body.data;
  const cookie = `lang=en; PVEAuthCookie=${encodeURIComponent(ticket)}`;
  const call = async (method: string, headers: Record<string, string>) => {
    const { status, body } = await jsonOf(await fetch(emulator.proxmox.apiUrl, { method, headers }));
    return [status, body.message];
  };
  expect(await call('GET', { cookie })).toEqual([200, undefined]);
  expect(await call('GET', {})).toEqual([401, 'permission denied - No ticket']);
  expect(await call('GET', { cookie: 'PVEAuthCookie=x' })).toEqual([
    401,
    'permission denied - invalid PVE ticket',
  ]);
  expect(await call('PUT', { cookie })).toEqual([401, 'permission denied - invalid csrf token']);
  expect(await call('PUT', { cookie, CSRFPreventionToken: csrf })).toEqual([200, undefined]);
  expect((await login(ticket)).status).toBe(200);
  expect((await login('x')).status).toBe(401);
  emulator.proxmox.endSessions();
  expect((await login(ticket)).status).toBe(401);
  expect(emulator.proxmox.ledger).toMatchObject({ logins: 2, refreshes: 2 });
});

test('Zabbix answers 200 to everything, and says in words what is wrong', async () => {
  const call = async (method: string, params: object, token?: string) => {
    const headers = {
      'content-type': 'application/json',
      ...(token && { authorization: `Bearer ${token}` }),
    };
    const body = JSON.stringify({ jsonrpc: '2.0', method, params, id: 7 });
    return jsonOf(await fetch(emulator.zabbix.apiUrl, { method: 'POST', headers, body }));
  };
  const account = { username: 'ada@example.com', password };
  const { status, body } = await call('user.login', account);
  expect([status, body]).toEqual([
    200,
    { jsonrpc: '2.0', result: expect.stringMatching(/^[0-9a-f]{32}$/), id: 7 },
  ]);
  expect((await call('host.get', {}, body.result)).body).toMatchObject({ vendor: 'zabbix' });
  const refused = await call('user.login', { ...account, password: 'x' });
  expect(refused).toMatchObject({ status: 200, body: { error: { code: -32500 } } });
  expect((await call('host.get', {})).body.error.data).toBe('Not authorized.');
  expect((await call('user.logout', [], body.result)).body.result).toBe(true);
  const terminated = await call('host.get', {}, body.result);
  expect(terminated).toMatchObject({
    status: 200,
    body: { error: { data: expect.stringContaining('re-login') } },
  });
  expect(emulator.zabbix.ledger).toMatchObject({ logins: 2, apiCallsAccepted: 1, apiCallsRejected: 2 });
});
