/** @module-tag long */
import { join } from 'node:path';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { chromium as installed } from '@internal/test-tools';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'rolldown';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

const { path: executablePath, args } = installed();
const source = join(import.meta.dirname, '..', 'src');

describe.runIf(executablePath)('a page in several tabs', { timeout: 30_000 }, () => {
  let emulator: RunningEmulator;
  let browser: Browser;
  let context: BrowserContext;
  let script: string;

  beforeAll(async () => {
    const { output } = await build({
      input: join(source, 'page.ts'),
      platform: 'browser',
      write: false,
      output: { codeSplitting: false },
    });
    script = output[0].code;
    emulator = await startEmulator({ api: { jwtLogin: () => Response.json([{ title: 'Lunch' }]) } });
    browser = await chromium.launch({ executablePath: executablePath as string, args: [...args] });
  });
  afterAll(async () => {
    await browser.close();
    await emulator.close();
  });
  beforeEach(async () => {
    emulator.jwtLogin.reset();
    context = await browser.newContext();
    // The page's own server.
    await context.route(`${emulator.url}/`, (route) => route.fulfill({ path: join(source, 'index.html') }));
    await context.route('**/page.js', (route) =>
      route.fulfill({ body: script, contentType: 'text/javascript' }),
    );
    await context.route('**/unipoll/**', (route, request) =>
      route.continue({ url: request.url().replace('/unipoll/', '/jwt-login/') }),
    );
  });
  afterEach(() => context.close());

  const openTabs = (count: number): Promise<Page[]> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const tab = await context.newPage();
        await tab.goto(emulator.url);
        return tab;
      }),
    );
  const signIn = async (tab: Page, password: string): Promise<void> => {
    await tab.getByLabel('Password').fill(password);
    await tab.getByRole('button', { name: 'Sign in' }).click();
  };
  const allShow = (tabs: readonly Page[], text: string): Promise<unknown> =>
    Promise.all(tabs.map((tab) => tab.getByText(text).waitFor()));
  const exchanges = (): string[] =>
    emulator.jwtLogin.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);

  test('a sign-in in one tab counts in all tabs, also in those opened later', async () => {
    const tabs = await openTabs(3);
    await signIn(tabs[0] as Page, emulator.jwtLogin.options.password);
    await allShow(tabs, 'Lunch');
    await allShow(await openTabs(2), 'Lunch');
    expect(exchanges()).toEqual(['login issued']);
  });

  test('tabs that meet an expired token share one refresh', async () => {
    const tabs = await openTabs(4);
    await signIn(tabs[0] as Page, emulator.jwtLogin.options.password);
    await allShow(tabs, 'Lunch');
    emulator.jwtLogin.expireTokens();
    await Promise.all(tabs.map((tab) => tab.reload()));
    await allShow(tabs, 'Lunch');
    expect(exchanges()).toEqual(['login issued', 'refresh issued']);
  });

  test('a sign-out in one tab counts in all tabs, and any tab can sign in again', async () => {
    const tabs = await openTabs(3);
    const [first, , last] = tabs as [Page, Page, Page];
    await signIn(first, emulator.jwtLogin.options.password);
    await allShow(tabs, 'Lunch');
    await first.getByRole('button', { name: 'Sign out' }).click();
    await allShow(tabs, 'Sign in');
    await signIn(last, emulator.jwtLogin.options.password);
    await allShow(tabs, 'Lunch');
    expect(exchanges()).toEqual(['login issued', 'login issued']);
  });

  test('a wrong password is sent once, and the page says that it is wrong', async () => {
    const [tab] = (await openTabs(1)) as [Page];
    await signIn(tab, 'not-the-password');
    await tab.getByText('The password is wrong.').waitFor();
    expect(exchanges()).toEqual(['login refused']);
    await signIn(tab, emulator.jwtLogin.options.password);
    await allShow([tab], 'Lunch');
  });
});
