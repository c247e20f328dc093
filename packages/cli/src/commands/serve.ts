import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Accounts, Session } from '../accounts.js';
import { described } from '../described-token.js';
import { accountsOf, type GlobalOptions } from '../open-accounts.js';
import { keyHeader, type Listening, listen } from '../server/listening.js';
import { answerFailure, answerProblem } from '../server/problem.js';
import { untilSignalled } from '../server/until-signalled.js';

export interface ServeOptions extends GlobalOptions {
  readonly listen?: string;
  readonly keyInPath?: boolean;
}

/** Answers `GET /token/ACCOUNT` as the metadata servers of clouds do, until a signal ends it. */
export async function serve(options: ServeOptions): Promise<void> {
  const tokens = new TokenServer(await accountsOf(options, false));
  const server = createServer((request, response) => void tokens.answer(request, response));
  tokens.listening = await listen(server, {
    listen: options.listen,
    isKeyInPath: options.keyInPath === true,
  });
  const { address, key } = tokens.listening;
  process.stdout.write(`${address}\n`);
  if (key !== undefined) process.stdout.write(`${keyHeader}: ${key}\n`);
  await untilSignalled(tokens.listening);
  await tokens.close();
}

class TokenServer {
  listening: Listening | undefined;
  readonly #accounts: Accounts;
  readonly #open = new Map<string, Promise<Session>>();

  constructor(accounts: Accounts) {
    this.#accounts = accounts;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const objection = this.listening?.objectionTo(request);
    if (objection !== undefined) return answerProblem(response, 403, 'refused', objection);
    const [, encoded] = /^\/token\/([^/?#]+)$/.exec(this.listening?.pathOf(request) ?? '') ?? [];
    const name = encoded === undefined ? undefined : decoded(encoded);
    if (name === undefined || request.method !== 'GET')
      return answerProblem(response, 404, 'not found', 'GET /token/ACCOUNT');
    // No page and no redirect can set it: whoever sends it means it.
    if (request.headers['metadata'] !== 'true')
      return answerProblem(response, 400, 'bad request', 'expected the header Metadata: true');
    try {
      const session = await this.#sessionOf(name);
      if (session === undefined) return answerProblem(response, 404, 'not found', 'there is no such account');
      const body = JSON.stringify(described(await session.getTokens()));
      response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(body);
    } catch (error) {
      answerFailure(response, error);
    }
  }

  async close(): Promise<void> {
    const sessions = await Promise.allSettled(this.#open.values());
    await Promise.all(sessions.map((each) => (each.status === 'fulfilled' ? each.value.close() : undefined)));
  }

  #sessionOf(name: string): Promise<Session> | undefined {
    const open = Object.hasOwn(this.#accounts, name) ? this.#accounts[name] : undefined;
    if (open === undefined) return undefined;
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opening = Promise.resolve(open());
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return opening;
  }
}

/** Undefined: it is no UTF-8. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
