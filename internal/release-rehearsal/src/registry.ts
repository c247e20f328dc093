import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runServer } from 'verdaccio';

/** A registry on loopback without an upstream registry. */
export interface Registry extends AsyncDisposable {
  /** Ends in a slash. */
  readonly url: string;
  /** Token of a user who may publish. */
  readonly token: string;
  /** All published versions of a package. */
  versions(name: string): Promise<string[]>;
}

/** Starts a registry that keeps its packages in a directory. */
export async function startRegistry(directory: string): Promise<Registry> {
  const configuration = {
    self_path: directory,
    storage: join(directory, 'storage'),
    auth: { htpasswd: { file: join(directory, 'htpasswd'), algorithm: 'bcrypt', rounds: 4 } },
    uplinks: {},
    packages: { '**': { access: '$all', publish: '$authenticated' } },
    web: { enable: false },
    log: { type: 'stdout', format: 'pretty', level: 'fatal' },
  };
  const server = (await runServer(configuration as unknown as Parameters<typeof runServer>[0])) as Server;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    token: await signUp(url),
    async versions(name) {
      const answer = (await (await fetch(url + name)).json()) as { versions: Record<string, object> };
      return Object.keys(answer.versions);
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function signUp(url: string): Promise<string> {
  const name = 'publisher';
  const response = await fetch(`${url}-/user/org.couchdb.user:${name}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password: crypto.randomUUID() }),
  });
  const { token } = (await response.json()) as { token?: string };
  if (token === undefined) throw new Error(`the registry answered ${response.status} to a new user`);
  return token;
}
