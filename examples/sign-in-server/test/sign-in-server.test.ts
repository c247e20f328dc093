import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type ServerProcess, startServer } from '@internal/test-tools';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

interface Person {
  readonly username: string;
  readonly password: string;
}

let emulator: RunningEmulator;
let server: ServerProcess;
let ada: Person;
let grace: Person;
let count = 0;

beforeAll(async () => {
  emulator = await startEmulator({ api: { bearerLogin: () => Response.json([{ plate: 'AB-12-CD' }]) } });
  server = await startServer(new URL('../src/main.ts', import.meta.url), {
    TELETRACKER_URL: emulator.bearerLogin.options.baseUrl,
    PORT: '0',
  });
});
afterAll(async () => {
  expect(await server.stop()).toBe(0);
  await emulator.close();
});
beforeEach(() => {
  emulator.bearerLogin.reset();
  // The server runs through all tests and remembers the logins of each account: use new accounts.
  [ada, grace] = [newPerson('ada'), newPerson('grace')];
});

function newPerson(name: string): Person {
  const person = { username: `${name}-${count++}@example.com`, password: `password of ${name}` };
  emulator.bearerLogin.addAccount(person.username, person.password);
  return person;
}

/** Sends a request as a browser does; returns the cookie that the browser would keep. */
async function send(method: string, path: string, cookie = '', body?: object) {
  const headers = { cookie, 'content-type': 'application/json' };
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers,
    body: JSON.stringify(body) ?? null,
  });
  const [kept = ''] = (response.headers.get('set-cookie') ?? '').split(';');
  return { status: response.status, cookie: kept, text: await response.text() };
}
const signIn = (person: object) => send('POST', '/session', '', person);
const vehicles = async (cookie: string): Promise<number> => (await send('GET', '/vehicles', cookie)).status;

test('only a person who has signed in sees vehicles', async () => {
  const { status, cookie } = await signIn(ada);
  expect(status).toBe(204);
  expect(await send('GET', '/vehicles', cookie)).toMatchObject({
    status: 200,
    text: '[{"plate":"AB-12-CD"}]',
  });
  for (const stranger of ['', 'session=', 'session=guessed']) expect(await vehicles(stranger)).toBe(401);
  expect(emulator.bearerLogin.ledger).toMatchObject({ logins: 1, apiCallsAccepted: 1, apiCallsRejected: 0 });
});

test('each sign-in sends a login, even if tokens are stored for the account', async () => {
  const browser = await signIn(ada);
  const thief = await signIn({ ...ada, password: 'not-the-password' });
  expect(thief).toMatchObject({ status: 401, cookie: '', text: '{"error":"invalid_credentials"}' });
  const phone = await signIn(ada);
  const logins = emulator.bearerLogin.ledger.entries.map(({ outcome }) => outcome);
  expect(logins).toEqual(['issued', 'refused', 'issued']);
  expect([await vehicles(browser.cookie), await vehicles(phone.cookie)]).toEqual([200, 200]);
});

test('signing out ends a person’s session in all their browsers, and in nobody else’s', async () => {
  const [browser, phone, other] = [await signIn(ada), await signIn(ada), await signIn(grace)];
  expect((await send('DELETE', '/session', browser.cookie)).status).toBe(204);
  const cookies = [browser, phone, other].map(({ cookie }) => vehicles(cookie));
  expect(await Promise.all(cookies)).toEqual([401, 401, 200]);
});

test('two browsers of one account share its refresh', async () => {
  const [browser, phone] = [await signIn(ada), await signIn(ada)];
  emulator.bearerLogin.expireTokens();
  expect(await Promise.all([vehicles(browser.cookie), vehicles(phone.cookie)])).toEqual([200, 200]);
  expect(emulator.bearerLogin.ledger).toMatchObject({ logins: 2, refreshes: 1 });
});

test('after TeleTracker ended the session the person must sign in again, because no password is kept', async () => {
  const { cookie } = await signIn(ada);
  emulator.bearerLogin.endSessions();
  const answer = await send('GET', '/vehicles', cookie);
  expect(answer).toMatchObject({ status: 401, text: '{"error":"reauthentication_required"}' });
  expect(emulator.bearerLogin.ledger.logins).toBe(1);
});

test('after ten guesses at an account in an hour nothing more is sent', async () => {
  for (let guess = 0; guess < 10; guess++) {
    expect((await signIn({ ...ada, password: `guess-${guess}` })).status).toBe(401);
  }
  expect(await signIn(ada)).toMatchObject({ status: 429, cookie: '' });
  expect(emulator.bearerLogin.ledger.logins).toBe(10);
});

test('an invalid sign-in request sends nothing', async () => {
  for (const body of [undefined, [], { username: ada.username }]) {
    expect((await send('POST', '/session', '', body)).status).toBe(400);
  }
  const elsewhere = { 'content-type': 'text/plain', origin: 'https://elsewhere.example' };
  const forged = { method: 'POST', headers: elsewhere, body: JSON.stringify(ada) };
  expect((await fetch(`${server.url}/session`, forged)).status).toBe(403);
  expect(emulator.bearerLogin.ledger.tokenCalls).toBe(0);
});
