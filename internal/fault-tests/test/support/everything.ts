/** Calls the whole API and prints every result in every form. Secrets come and go by message only. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createBearerLoginAuth } from '@auth/bearer-login';
import { type AuthEvent, type AuthSession, encryptedStore, findAuthError } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import { fileStore } from '@auth/store-file';
import type { Assignment, Question, Report, ServerName } from './leak-protocol.ts';

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
const sessions: Readonly<Record<ServerName, AuthSession>> = {
  joor: createJoorAuth({ ...(joor as object), ...common } as never) as AuthSession,
  bearerLogin: createBearerLoginAuth({ ...(bearerLogin as object), ...common } as never) as AuthSession,
  passwordRefresh: createPasswordRefreshAuth({
    ...(passwordRefresh as object),
    ...common,
  } as never) as AuthSession,
  jwtLogin: createJwtLoginAuth({ ...(jwtLogin as object), ...common } as never) as AuthSession,
};

await Promise.all(Object.keys(sessions).map((server) => driveSession(server as ServerName)));
if (assignment.leaks) await leak(assignment.typed);
print('report', process.report.getReport());
process.send?.({ report });
process.disconnect();

async function driveSession(server: ServerName): Promise<void> {
  const session = sessions[server];
  const apiUrl = assignment.apiUrls[server];
  await attempt(async () => (await session.fetch(apiUrl)).status);
  reportTokens(session);
  await attempt(async () => void (await session.getTokens({ forceRefresh: true })));
  reportTokens(session);
  await attempt(async () => (await session.getHeaders(apiUrl)).has('authorization'));
  await attempt(() => session.status());
  await attempt(async () => (await session.fetch('https://elsewhere.example/')).status);
  await attempt(async () => (await session.fetch('http://plain.example/')).status);
  await attempt(async () => void (await session.signIn({ password: assignment.typed })));
  await attempt(async () => void (await session.signIn()));
  reportTokens(session);
  for (const setUp of ['refuse', 'page', 'garbage', 'limit'] as const) {
    await ask({ server, setUp });
    await attempt(async () => void (await session.getTokens({ forceRefresh: true })));
  }
  await ask({ server, setUp: 'reset' });
  await attempt(() => session.signOut());
  await attempt(async () => void (await session.getTokens()));
  print('session', session);
  session.dispose();
  await attempt(async () => void (await session.getTokens()));
}

async function attempt(work: () => Promise<unknown>): Promise<void> {
  try {
    print('result', await work());
  } catch (error) {
    print('error', error);
    print('found', findAuthError(error));
  }
}

/** Reports the session's tokens, which are then searched for everywhere else. */
function reportTokens(session: AuthSession): void {
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
    // The value has no such form.
  }
  for (let error = value; error instanceof Error; error = error.cause) {
    forms.push(error.message, error.stack ?? '', inspect(Object.getOwnPropertyDescriptors(error)));
  }
  process.stdout.write(`${what}: ${forms.join('\n')}\n`);
}

/** Leaks the secret: in base64 to the output, percent-encoded to a file, and in base64url to the server. */
async function leak(secret: string): Promise<void> {
  print('leak', Buffer.from(`x${secret}`).toString('base64'));
  writeFileSync(join(assignment.directory, 'leak'), `…${encodeURIComponent(secret)}…`);
  await fetch(`${assignment.apiUrls.joor}?in=${Buffer.from(`xx${secret}`).toString('base64url')}`);
}

/** Lets the parent set a server up, and waits until that is done. */
function ask(question: Question): Promise<void> {
  return new Promise((resolve) => {
    const onAnswer = (answer: Question): void => {
      if (answer.server !== question.server) return;
      process.off('message', onAnswer);
      resolve();
    };
    process.on('message', onAnswer);
    process.send?.({ question });
  });
}
