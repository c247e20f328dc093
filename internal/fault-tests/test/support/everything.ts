/** Drives the whole API, and prints in every form whatever comes out of it. Secrets come by message, and go back so. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createBearerLoginAuth } from '@auth/bearer-login';
import { type AuthEvent, type AuthSession, encryptedStore, findAuthError } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { fileStore } from '@auth/store-file';
import type { Assignment, Report } from './leak-protocol.ts';

const assignment = await new Promise<Assignment>((resolve) => process.once('message', resolve as never));
const report: Report = { tokens: [] };

process.on('warning', (warning) => print('warning', warning));
process.on('unhandledRejection', (reason) => print('unhandled', reason));

const key = new Uint8Array(32).fill(7);
const store = encryptedStore(
  fileStore({ directory: assignment.directory, onEvent: (event) => print('event', event) }),
  {
    keys: [key],
  },
);
const common = {
  store,
  onEvent: (event: AuthEvent) => print('event', event),
};
const { joor, bearerLogin, passwordRefresh, jwtLogin } = assignment.options;
const opened: readonly [AuthSession, string][] = [
  [
    createJoorAuth({ ...(joor as never as object), ...common } as never) as AuthSession,
    assignment.apiUrls.joor,
  ],
  [
    createBearerLoginAuth({ ...(bearerLogin as object), ...common } as never) as AuthSession,
    assignment.apiUrls.bearerLogin,
  ],
  [
    createPasswordRefreshAuth({ ...(passwordRefresh as object), ...common } as never) as AuthSession,
    assignment.apiUrls.passwordRefresh,
  ],
  [
    createJwtLoginAuth({ ...(jwtLogin as object), ...common } as never) as AuthSession,
    assignment.apiUrls.jwtLogin,
  ],
];

for (const [session, apiUrl] of opened) {
  await attempt(async () => (await session.fetch(apiUrl)).status);
  note(session);
  await attempt(async () => void (await session.getTokens({ forceRefresh: true })));
  note(session);
  await attempt(async () => (await session.getHeaders(apiUrl)).has('authorization'));
  await attempt(() => session.status());
  await attempt(async () => (await session.fetch('https://elsewhere.example/')).status);
  await attempt(async () => (await session.fetch('http://plain.example/')).status);
  await attempt(async () => void (await session.signIn({ password: assignment.typed })));
  await attempt(async () => void (await session.signIn()));
  note(session);
  for (const answer of ['refuse', 'page', 'garbage', 'limit'] as const) {
    await ask(answer);
    await attempt(async () => void (await session.getTokens({ forceRefresh: true })));
  }
  await ask('reset');
  await attempt(() => session.signOut());
  await attempt(async () => void (await session.getTokens()));
  print('session', session);
  session.dispose();
  await attempt(async () => void (await session.getTokens()));
}
if (assignment.leaks) await leak(assignment.typed);
print('report', process.report.getReport());
process.send?.({ report });
process.disconnect();

async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    print('result', await work());
  } catch (error) {
    print('error', error);
    print('found', findAuthError(error));
  }
}

/** Token sets themselves may hold tokens: they are what is looked for everywhere else. */
function note(session: AuthSession): void {
  const tokens = session.peek();
  for (const token of [tokens?.accessToken, tokens?.refreshToken]) {
    if (token !== undefined) report.tokens.push(token);
  }
}

function print(what: string, value: unknown): void {
  const forms = [inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true, getters: true })];
  try {
    forms.push(JSON.stringify(value) ?? '', String(value));
  } catch {
    // It has no such form.
  }
  for (let error = value; error instanceof Error; error = error.cause) {
    forms.push(error.message, error.stack ?? '', inspect(Object.getOwnPropertyDescriptors(error)));
  }
  process.stdout.write(`${what}: ${forms.join('\n')}\n`);
}

/** In base64 to the output, percent-encoded to a file, and in base64url to the server. */
async function leak(secret: string): Promise<void> {
  print('leak', Buffer.from(`x${secret}`).toString('base64'));
  writeFileSync(join(assignment.directory, 'leak'), `…${encodeURIComponent(secret)}…`);
  await fetch(`${assignment.apiUrls.joor}?in=${Buffer.from(`xx${secret}`).toString('base64url')}`);
}

/** Lets the parent set the server up. */
async function ask(answer: string): Promise<void> {
  const done = new Promise((resolve) => process.once('message', resolve));
  process.send?.({ ask: answer });
  await done;
}
