import { Hono } from 'hono';
import { randomHex } from './random-token.js';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, json } from './wire-kit.js';

/**
 * Zabbix (zabbix.com/documentation, "user.login", and the source of its API): JSON-RPC at one URL, where every answer is 200.
 * A login's result is the id of a session, whose end is told in the error of a 200, in words.
 */
export function zabbixServer(vendor: Vendor, api: (request: Request) => Response | Promise<Response>): Hono {
  const server = new Hono();

  server.all('*', async ({ req }) => {
    const call = await callIn(req.raw.clone());
    const { method, id = null, params } = call;
    const token = bearerOf(req.raw);
    const result = (value: unknown): Response => json(200, { jsonrpc: '2.0', result: value, id });
    const error = (code: number, message: string, data: string): Response =>
      json(200, { jsonrpc: '2.0', error: { code, message, data }, id });
    if (method === 'user.login') {
      const { username, password } = (params ?? {}) as Record<string, string | undefined>;
      return vendor.tokenCall({ endpoint: 'login', account: username }, (): TokenResult => {
        const verdict = vendor.accounts.checkPassword(username, password);
        if (verdict === 'right') {
          const { accessToken } = vendor.issue(username as string, randomHex(16), randomHex(16));
          return { outcome: 'issued', response: result(accessToken) };
        }
        const data = 'Incorrect user name or password or account is temporarily blocked.';
        const outcome = verdict === 'locked' ? 'locked' : 'refused';
        return { outcome, response: error(-32500, 'Application error.', data) };
      });
    }
    if (method === 'user.logout' && token !== undefined && vendor.tokens.accountOf(token) !== undefined)
      return vendor.tokenCall({ endpoint: 'revoke' }, () => {
        vendor.tokens.endSession(vendor.tokens.sessionOf(token) as string);
        return { outcome: 'revoked', response: result(true) };
      });
    return vendor.apiCall(
      token,
      (why) =>
        why === 'missing'
          ? error(-32602, 'Invalid params.', 'Not authorized.')
          : error(-32602, 'Invalid params.', 'Session terminated, re-login, please.'),
      () => api(req.raw),
    );
  });
  return server;
}

async function callIn(request: Request): Promise<Readonly<Record<string, unknown>>> {
  const body: unknown = await request.json().catch(() => undefined);
  return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
}
