/** @module-tag long */
import { request } from 'node:http';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { chromium as installed, type ServerProcess, startServer } from '@internal/test-tools';
import { chromium } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

let emulator: RunningEmulator;
let server: ServerProcess;

beforeEach(async () => {
  emulator = await startEmulator({ api: { jwtLogin: () => Response.json([{ title: 'Lunch <today>' }]) } });
});
afterEach(async () => {
  await server.stop();
  await emulator.close();
});

async function start(configured: Readonly<Record<string, string>> = {}): Promise<void> {
  const { baseUrl, username } = emulator.jwtLogin.options;
  const account = { UNIPOLL_URL: baseUrl, UNIPOLL_USERNAME: username, PORT: '0' };
  server = await startServer(new URL('../src/main.ts', import.meta.url), { ...account, ...configured });
}

/** A page as its reader sees it. */
async function read(answer: Promise<Response>) {
  const response = await answer;
  const html = await response.text();
  const alert = /role="alert">(.*?)<\/p>/s.exec(html)?.[1]?.replace(/<[^>]+>/g, '');
  return { status: response.status, alert, canSubmit: !html.includes('disabled'), html };
}
const open = () => read(fetch(server.url));
const submit = (password: string, origin: string = server.url) =>
  read(
    fetch(`${server.url}/sign-in`, {
      method: 'POST',
      headers: { origin },
      body: new URLSearchParams({ password }),
    }),
  );
const outcomes = (): string[] => emulator.jwtLogin.ledger.entries.map(({ outcome }) => outcome);

test('the first visit shows the form and sends nothing to UniPoll', async () => {
  await start();
  expect(await open()).toMatchObject({ status: 200, alert: undefined, canSubmit: true });
  expect(emulator.jwtLogin.ledger.tokenCalls).toBe(0);
});

test('a wrong password shows an error, and the right one after it shows the polls', async () => {
  await start();
  expect(await submit('not-the-password')).toMatchObject({ status: 422, alert: 'The password is wrong.' });
  const page = await submit(emulator.jwtLogin.options.password);
  expect(page.status).toBe(200);
  expect(page.html).toContain('<li>Lunch &lt;today&gt;</li>');
  expect(outcomes()).toEqual(['refused', 'issued']);
});

test('a configured password that was refused is sent once, and the form says when that was', async () => {
  await start({ UNIPOLL_PASSWORD: 'an-old-password' });
  expect((await open()).alert).toBe('The password is wrong.');
  expect((await open()).alert).toMatch(
    /^UniPoll refused the password at \d\d:\d\d UTC\. Nothing was sent since: enter the right one\.$/,
  );
  expect(outcomes()).toEqual(['refused']);
  expect((await submit(emulator.jwtLogin.options.password)).status).toBe(200);
});

test('an account that is not confirmed and a wrong password show different messages', async () => {
  await start();
  for (const guess of ['one', 'two']) expect((await submit(guess)).alert).toBe('The password is wrong.');
  const { username, password } = emulator.jwtLogin.options;
  emulator.jwtLogin.setAccountState(username, 'not_set_up');
  expect((await submit(password)).alert).toMatch(/^This account is not confirmed yet\./);
});

test('while UniPoll asks for a pause the form says how long, and cannot be submitted', async () => {
  await start();
  emulator.jwtLogin.answerNext({ status: 429, headers: { 'retry-after': '600' } });
  const { password } = emulator.jwtLogin.options;
  for (const answer of [await submit(password), await submit(password), await open()]) {
    expect(answer).toMatchObject({
      alert: expect.stringMatching(/^Too many attempts\. Try again at \d\d:\d\d UTC\.$/),
    });
    expect(answer.canSubmit).toBe(false);
  }
  expect(emulator.jwtLogin.ledger.tokenCalls).toBe(1);
});

test('a page whose name leads here cannot use the account', async () => {
  await start();
  const { port } = new URL(server.url);
  const headers = { host: `elsewhere.example:${port}`, origin: `http://elsewhere.example:${port}` };
  const status = await new Promise((resolve) => {
    request({ port, path: '/', headers }, ({ statusCode }) => resolve(statusCode)).end();
  });
  expect(status).toBe(403);
  expect(emulator.jwtLogin.ledger.tokenCalls).toBe(0);
});

test('a form on somebody else’s page cannot sign in', async () => {
  await start();
  expect((await submit(emulator.jwtLogin.options.password, 'https://elsewhere.example')).status).toBe(403);
  expect(emulator.jwtLogin.ledger.tokenCalls).toBe(0);
});

const { path: executablePath, args } = installed();

describe.runIf(executablePath)('in Chromium', { timeout: 30_000 }, () => {
  test('a person mistypes, signs in, and signs out', async () => {
    await start();
    const browser = await chromium.launch({ executablePath: executablePath as string, args: [...args] });
    try {
      const page = await browser.newPage();
      await page.goto(server.url);
      const type = async (password: string): Promise<void> => {
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: 'Sign in' }).click();
      };
      await type('not-the-password');
      await page.getByRole('alert').getByText('The password is wrong.').waitFor();
      await type(emulator.jwtLogin.options.password);
      await page.getByText('Signed in as ada@example.com.').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByLabel('Password').waitFor();
      expect(outcomes()).toEqual(['refused', 'issued']);
    } finally {
      await browser.close();
    }
  });
});
