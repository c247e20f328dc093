import { Hono } from 'hono';
import { randomHex, randomText } from './random-token.js';
import type { TokenResult, Vendor } from './vendor.js';
import { json, readForm } from './wire-kit.js';

/**
 * Proxmox VE (pve.proxmox.com/wiki, "Proxmox VE API", and the source of its access control): a ticket that goes into a cookie
 * and lives two hours, a CSRF token beside it for every call that writes, and a ticket that lives is taken as the password
 * of the next.
 */
export function proxmoxServer(vendor: Vendor, api: (request: Request) => Response | Promise<Response>): Hono {
  const server = new Hono();
  const csrfTokens = new Map<string, string>();

  const grant = (username: string): TokenResult => {
    const time = Math.floor(vendor.now() / 1000)
      .toString(16)
      .toUpperCase()
      .padStart(8, '0');
    const ticket = `PVE:${username}:${time}::${randomText(342)}==`;
    const csrf = `${time}:${randomHex(20)}`;
    csrfTokens.set(ticket, csrf);
    const { refreshId: issued } = vendor.issue(username, ticket, ticket);
    const data = { username, ticket, CSRFPreventionToken: csrf };
    return { outcome: 'issued', issued, response: vendor.tokenAnswer({ data }) };
  };
  const failed = (outcome: 'refused' | 'locked'): TokenResult => ({
    outcome,
    response: json(401, { data: null, message: 'authentication failure\n' }),
  });

  server.post('/api2/json/access/ticket', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded', 'application/json']);
    const username = form?.get('username');
    const password = form?.get('password');
    if (password?.startsWith('PVE:'))
      return vendor.refreshCall(password, (presented) =>
        presented.state === 'spendable' && presented.account === username
          ? grant(username)
          : failed('refused'),
      );
    return vendor.tokenCall({ endpoint: 'login', account: username }, () => {
      if (username === undefined || password === undefined)
        return { outcome: 'malformed', response: json(400, { data: null }) };
      const verdict = vendor.accounts.checkPassword(username, password);
      return verdict === 'right' ? grant(username) : failed(verdict === 'locked' ? 'locked' : 'refused');
    });
  });

  server.all('*', ({ req }) => {
    const [, cookie] = /(?:^|;\s*)PVEAuthCookie=([^;]*)/.exec(req.raw.headers.get('cookie') ?? '') ?? [];
    const ticket = cookie === undefined ? undefined : decodeURIComponent(cookie);
    const writes = !['GET', 'HEAD'].includes(req.method);
    const isForged = writes && req.raw.headers.get('csrfpreventiontoken') !== csrfTokens.get(ticket ?? '');
    return vendor.apiCall(
      isForged ? undefined : ticket,
      (why) => {
        const message = isForged
          ? 'invalid csrf token'
          : why === 'missing'
            ? 'No ticket'
            : 'invalid PVE ticket';
        return json(401, { data: null, message: `permission denied - ${message}` });
      },
      () => api(req.raw),
    );
  });
  return server;
}
