import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type AuthProvider, type AuthSession, type AuthSessionOptions, createAuthSession } from '@auth/core';

/** A request as the API saw it. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly token: string | undefined;
  readonly body: string;
  readonly status: number;
}

/** An API on loopback that takes the newest token alone, unless a path says otherwise. */
export class Api implements AsyncDisposable {
  readonly seen: Seen[] = [];
  /** What `Authorization`, or `X-Token`, has to say. */
  good = '';
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #paths = new Map<string, (request: IncomingMessage, response: ServerResponse) => number>();

  static async start(): Promise<Api> {
    const api = new Api();
    await new Promise<void>((resolve) => api.#server.listen(0, '127.0.0.1', resolve));
    return api;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Answers one path otherwise; returns the status that it sends. */
  on(path: string, handle: (request: IncomingMessage, response: ServerResponse) => number): void {
    this.#paths.set(path, handle);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    const { method = '', url: path = '', headers } = request;
    const { authorization } = headers;
    const token = headers['x-token'] as string | undefined;
    const special = this.#paths.get(path);
    let status: number;
    if (special !== undefined) status = special(request, response);
    else {
      status = [authorization, token].includes(this.good) ? 200 : 401;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status }));
    }
    this.seen.push({ method, path, authorization, token, body, status });
  }
}

/** A session whose tokens are `access-1`, `access-2` and so on, and how many logins it has made. */
export function openSession(
  apis: readonly Api[],
  options: AuthSessionOptions & { readonly change?: Partial<AuthProvider> } = {},
): { session: AuthSession; logins: () => number } {
  let logins = 0;
  const { change, ...others } = options;
  const session = createAuthSession(
    {
      name: 'scene',
      issuer: 'https://auth.example',
      account: 'ada',
      allowedOrigins: apis.map(({ origin }) => origin),
      prepareLogin: () => ({
        secrets: ['x'],
        login: async () => {
          logins++;
          const accessToken = `access-${logins}`;
          for (const api of apis) api.good = `Bearer ${accessToken}`;
          return { accessToken, expiresInMs: 3_600_000 };
        },
      }),
      ...change,
    },
    { scheduler: null, ...others },
  );
  return { session, logins: () => logins };
}
