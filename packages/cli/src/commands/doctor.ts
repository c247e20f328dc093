import { lookup } from 'node:dns/promises';
import { type AuthStatus, findAuthError, reasonOf, type TokenStore } from '@auth/core';
import type { Session } from '../accounts.js';
import { exitCodeOf, exitCodes, messageOf, UsageError } from '../failures.js';
import { type GlobalOptions, openAccount, ownStore } from '../open-accounts.js';
import { closingOnSignal } from '../with-session.js';

export interface DoctorOptions extends GlobalOptions {
  /** Logs in once. */
  readonly try?: boolean;
}

/** How far a clock may be off before it is told. */
const clockToleranceMs = 5_000;

/** Looks at all that a login needs, and says what would be sent where. It sends no secret, unless it is to try. */
export async function doctor(account: string, options: DoctorOptions): Promise<void> {
  const report = new Report();
  const session = await report.check(
    'options',
    () => openAccount(account, options),
    () => 'are complete',
  );
  if (session === undefined) return;
  await closingOnSignal(session, async () => {
    try {
      await examine(session, report, options);
    } finally {
      await session.close();
    }
  });
}

async function examine(session: Session, report: Report, options: DoctorOptions): Promise<void> {
  const { issuer, allowedOrigins } = session;
  report.say('ok', 'auth server', issuer);
  report.say('ok', 'token goes to', allowedOrigins.join(' ') || 'the hosts that the login names');
  report.say('ok', 'proxy', proxyOf(process.env));
  const { hostname } = new URL(issuer);
  await report.check(
    'DNS',
    () => lookup(hostname),
    ({ address }) => `${hostname} is ${address}`,
  );
  const answer = await report.check(
    'connection',
    () => reach(issuer),
    ({ status }) => `the server can be reached: HTTP ${status}`,
  );
  if (answer !== undefined) tellClock(report, answer);
  const status = await report.check(
    'store',
    () => session.status(),
    ({ state }) => `can be read; ${state.replaceAll('_', ' ')}`,
    exitCodes.store,
  );
  if (options.try !== true) tellIfStopped(report, status);
  const store = await ownStore(options);
  if (store === undefined)
    report.say('ok', 'writing', 'is tried by a login alone: the store is the configuration’s');
  else
    await report.check(
      'writing',
      () => tryWriting(store),
      () => 'records can be locked and written',
      exitCodes.store,
    );
  const { lastFailure } = status ?? {};
  if (lastFailure !== undefined)
    report.say('!!', 'last failure', `${new Date(lastFailure.at).toISOString()} ${lastFailure.code}`);
  if (options.try === true) await tryLogin(report, session);
}

/** Only a person gets on from there. Whether a secret is another by now, a login alone shows. */
function tellIfStopped(report: Report, status: AuthStatus | undefined): void {
  if (status?.state === 'login_blocked')
    report.fail(
      'account',
      'a refused login stands: correct the secret and --try, or: auth login',
      exitCodes.blocked,
    );
  if (status?.state === 'signed_out') report.fail('account', 'auth login', exitCodes.person);
}

/** Locks and writes a record that belongs to no account. */
async function tryWriting(store: TokenStore): Promise<void> {
  const key = 'auth doctor';
  const lease = await store.lock?.(key, { signal: AbortSignal.timeout(10_000) });
  try {
    const known = await store.get(key);
    const next = { id: crypto.randomUUID(), value: '', evictAt: Date.now() };
    await store.compareAndSet(key, known?.id, next);
  } finally {
    await lease?.release();
  }
}

async function tryLogin(report: Report, session: Session): Promise<void> {
  await report.check(
    'login',
    () => session.signIn(),
    ({ expiresAt }) =>
      expiresAt === undefined ? 'works' : `works; the token lives until ${new Date(expiresAt).toISOString()}`,
  );
}

/** Any answer shows that the server is there and that its certificate is trusted. */
function reach(issuer: string): Promise<Response> {
  return fetch(issuer, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.timeout(10_000) });
}

function tellClock(report: Report, { headers }: Response): void {
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) {
    report.say('ok', 'clock', 'the server names no date');
    return;
  }
  const offMs = Math.round((Date.now() - date) / 1_000) * 1_000;
  const isRight = Math.abs(offMs) <= clockToleranceMs;
  report.say(
    isRight ? 'ok' : '!!',
    'clock',
    isRight ? 'agrees with the server' : `is ${offMs / 1_000} s from the server's`,
  );
}

/** Names the proxy without a password that may stand in its URL. */
function proxyOf(variables: NodeJS.ProcessEnv): string {
  const text = variables['HTTPS_PROXY'] ?? variables['https_proxy'];
  if (text === undefined || text === '') return 'none';
  const host = URL.canParse(text) ? new URL(text).host : 'a URL that cannot be read';
  const isUsed = variables['NODE_USE_ENV_PROXY'] === '1';
  return isUsed ? host : `${host}, which Node uses with NODE_USE_ENV_PROXY=1 alone`;
}

/** Lines for a person. The exit code is that of the first check that failed. */
class Report {
  async check<Result>(
    name: string,
    work: () => Promise<Result>,
    told: (result: Result) => string,
    exitCode?: number,
  ): Promise<Result | undefined> {
    try {
      const result = await work();
      this.say('ok', name, told(result));
      return result;
    } catch (error) {
      this.fail(name, toldOf(error), exitCode ?? exitCodeOf(error));
      return undefined;
    }
  }

  fail(name: string, text: string, exitCode: number): void {
    this.say('!!', name, text);
    process.exitCode ||= exitCode;
  }

  say(mark: 'ok' | '!!', name: string, text: string): void {
    process.stdout.write(`${mark}  ${name.padEnd(14)} ${text}\n`);
  }
}

/** What a check found: in our own words, or an error's code, such as CERT_HAS_EXPIRED. */
function toldOf(error: unknown): string {
  if (findAuthError(error) !== undefined) return messageOf(error);
  return error instanceof UsageError ? error.message : reasonOf(error);
}
