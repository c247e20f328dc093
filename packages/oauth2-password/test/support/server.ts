import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A server of RFC 6749, 7009 and 8414 as far as tests need it: one account, one client, refresh tokens for one use. */
export interface TestServer extends AsyncDisposable {
  readonly options: {
    readonly issuer: string;
    readonly username: string;
    readonly password: string;
    readonly clientId: string;
    readonly clientSecret: string;
  };
  readonly apiUrl: string;
  /** The requests that the server received, in order. */
  readonly ledger: string[];
  metadataStatus: number;
}

export async function startServer(): Promise<TestServer> {
  const account = { username: 'ada', password: 'right-password' };
  const client = { clientId: 'shop', clientSecret: 'client-secret' };
  const spendable = new Set<string>();
  const live = new Set<string>();
  const ledger: string[] = [];

  const issue = (form: URLSearchParams): object | undefined => {
    const isLogin = form.get('grant_type') === 'password';
    ledger.push(isLogin ? 'login' : 'refresh');
    const isGood = isLogin
      ? form.get('username') === account.username && form.get('password') === account.password
      : spendable.delete(form.get('refresh_token') ?? '');
    if (!isGood) return undefined;
    const issued = { access_token: randomUUID(), refresh_token: randomUUID() };
    live.add(`Bearer ${issued.access_token}`);
    spendable.add(issued.refresh_token);
    return { ...issued, token_type: 'bearer', expires_in: 600 };
  };

  const server = createServer(async (request, response) => {
    const reply = (status: number, body: object): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const form = new URLSearchParams(await text(request));
    const basic = Buffer.from(`${client.clientId}:${client.clientSecret}`).toString('base64');
    const isClient = request.headers.authorization === `Basic ${basic}`;
    switch (request.url) {
      case '/.well-known/openid-configuration':
        ledger.push('metadata');
        return reply(running.metadataStatus, {
          issuer,
          token_endpoint: `${issuer}/token`,
          revocation_endpoint: `${issuer}/revoke`,
        });
      case '/token': {
        const issued = isClient ? issue(form) : undefined;
        if (issued !== undefined) return reply(200, issued);
        return isClient ? reply(400, { error: 'invalid_grant' }) : reply(401, { error: 'invalid_client' });
      }
      case '/revoke':
        ledger.push('revoke');
        spendable.delete(form.get('token') ?? '');
        return reply(isClient ? 200 : 401, {});
      case '/orders':
        ledger.push('api');
        return live.has(request.headers.authorization ?? '') ? reply(200, { orders: 7 }) : reply(401, {});
      default:
        return reply(404, {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const running: TestServer = {
    options: { issuer, ...account, ...client },
    apiUrl: `${issuer}/orders`,
    ledger,
    metadataStatus: 200,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return running;
}
