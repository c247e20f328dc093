/** The server that all contestants log in to, in a separate process: OAuth 2 with rotation, and an API. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Settings that a benchmark may change. */
export interface Settings {
  /** Time from a token request to its answer. */
  delayMs: number;
  /** The `expires_in` of tokens, which the API enforces. */
  lifetimeSeconds: number;
  /** The API's answers are spread over this time, a thousandth of it from each of a thousand answers to the next. */
  apiSpreadMs: number;
  /** Reuse detection: whether a spent refresh token ends the family. */
  endsFamilies: boolean;
  /** Access tokens are JWTs, for a library that reads when they end. */
  issuesJwts: boolean;
  /** What the token endpoint does in place of its work; `lost`: it works, and the next answer is cut off. */
  fault: 'none' | 'refuses' | 'asks_to_wait' | 'is_broken' | 'is_silent' | 'lost';
}

/** What the server has seen. */
export interface Ledger {
  logins: number;
  refreshes: number;
  refused: number;
  apiCalls: number;
  unauthorized: number;
  /** A request outside of the API brought a token. */
  sawToken: boolean;
}

interface Family {
  isAlive: boolean;
}

interface Grant {
  readonly family: Family;
  readonly endsAt: number;
  isRevoked: boolean;
  isSpent: boolean;
}

const settings: Settings = {
  delayMs: 0,
  lifetimeSeconds: 3_600,
  apiSpreadMs: 0,
  endsFamilies: true,
  issuesJwts: false,
  fault: 'none',
};
let ledger: Ledger = emptyLedger();
const byAccessToken = new Map<string, Grant>();
const byRefreshToken = new Map<string, Grant>();
let issued = 0;

const server = createServer((request, response) => void handle(request, response));
// Idle sockets must survive a pause between two measurements.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
process.on('disconnect', () => process.exit());

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(request.url as string, 'http://127.0.0.1');
  const body = await textOf(request);
  switch (pathname) {
    case '/control':
      Object.assign(settings, JSON.parse(body));
      return answer(response, 200, settings);
    case '/ledger': {
      const seen = ledger;
      ledger = emptyLedger();
      return answer(response, 200, seen);
    }
    case '/authorization':
      ledger.sawToken = request.headers.authorization !== undefined;
      return answer(response, 200, {});
    case '/end-sessions':
      for (const { family } of byRefreshToken.values()) family.isAlive = false;
      return answer(response, 200, {});
    case '/revoke-access-tokens':
      for (const grant of byAccessToken.values()) grant.isRevoked = true;
      return answer(response, 200, {});
    case '/api':
      return callApi(request, response);
    default:
      // Any other path is a token endpoint, because libraries expect it at different paths.
      await new Promise((resolve) => setTimeout(resolve, settings.delayMs));
      return token(request.url as string, request.headers['content-type'] ?? '', body, response);
  }
}

function callApi(request: IncomingMessage, response: ServerResponse): void {
  const grant = byAccessToken.get(request.headers.authorization?.replace(/^(?:Bearer|token) /i, '') ?? '');
  const isGood = grant?.family.isAlive === true && !grant.isRevoked && Date.now() < grant.endsAt;
  const laterMs = ((ledger.apiCalls++ % 1_000) / 1_000) * settings.apiSpreadMs;
  const reply = (): void => {
    if (isGood) {
      answer(response, 200, { ok: true });
      return;
    }
    ledger.unauthorized++;
    // RFC 6750 requires the header, and some libraries ignore a 401 without it.
    response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
    answer(response, 401, { error: 'invalid_token' });
  };
  if (laterMs === 0) reply();
  else setTimeout(reply, laterMs);
}

function token(url: string, type: string, body: string, response: ServerResponse): void {
  const fields: Record<string, string> = type.includes('json')
    ? JSON.parse(body || '{}')
    : Object.fromEntries(new URLSearchParams(body));
  const grantType = fields['grant_type'] ?? new URL(url, 'http://127.0.0.1').searchParams.get('grant_type');
  const presented = fields['refresh_token'];
  if (grantType !== 'refresh_token' || presented === undefined) {
    ledger.logins++;
    if (!isFaulty(response)) issue(response, { isAlive: true });
    return;
  }
  ledger.refreshes++;
  if (isFaulty(response)) return;
  const grant = byRefreshToken.get(presented);
  if (grant !== undefined && !grant.isSpent && grant.family.isAlive) {
    grant.isSpent = true;
    issue(response, grant.family);
    return;
  }
  if (grant !== undefined && settings.endsFamilies) grant.family.isAlive = false;
  ledger.refused++;
  answer(response, 400, { error: 'invalid_grant' });
}

/** Whether the endpoint does not do its work; then the answer is given, or none. */
function isFaulty(response: ServerResponse): boolean {
  switch (settings.fault) {
    case 'refuses':
      answer(response, 400, { error: 'invalid_grant' });
      return true;
    case 'asks_to_wait':
      response.setHeader('retry-after', '60');
      answer(response, 429, { error: 'slow_down' });
      return true;
    case 'is_broken':
      answer(response, 500, { error: 'server_error' });
      return true;
    case 'is_silent':
      return true;
    default:
      return false;
  }
}

function issue(response: ServerResponse, family: Family): void {
  const number = ++issued;
  const grant: Grant = {
    family,
    endsAt: Date.now() + settings.lifetimeSeconds * 1_000,
    isRevoked: false,
    isSpent: false,
  };
  const accessToken = settings.issuesJwts ? jwtOf(number, grant.endsAt) : `access-${number}`;
  const refreshToken = `refresh-${number}`;
  byAccessToken.set(accessToken, grant);
  byRefreshToken.set(refreshToken, grant);
  if (settings.fault === 'lost') {
    settings.fault = 'none';
    response.destroy();
    return;
  }
  answer(response, 200, {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: 'Bearer',
    expires_in: settings.lifetimeSeconds,
  });
}

function jwtOf(number: number, endsAt: number): string {
  const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encoded({ alg: 'none' })}.${encoded({ jti: number, exp: Math.floor(endsAt / 1_000) })}.`;
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}

function emptyLedger(): Ledger {
  return { logins: 0, refreshes: 0, refused: 0, apiCalls: 0, unauthorized: 0, sawToken: false };
}
