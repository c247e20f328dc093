import { chromium as installed } from '@internal/test-tools';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { bundlePage } from './bundle-page.js';

const { path: executablePath, args } = installed();

/** False where Chromium is not installed: a contributor may go without it, CI may not. */
export const isBrowserInstalled: boolean = executablePath !== undefined;

/** A browser for many tests, and its tabs: a tab that one test has left serves the next one, which is on another origin. */
export class SharedBrowser implements AsyncDisposable {
  /** The script of every page. */
  readonly pageScript: string;
  readonly #browser: Browser;
  readonly #context: BrowserContext;
  readonly #idleTabs: Page[] = [];

  private constructor(pageScript: string, browser: Browser, context: BrowserContext) {
    this.pageScript = pageScript;
    this.#browser = browser;
    this.#context = context;
  }

  static async launch(): Promise<SharedBrowser> {
    const [pageScript, browser] = await Promise.all([
      bundlePage(),
      chromium.launch({
        executablePath: executablePath as string,
        // A host that is not loopback: the browser denies its pages what it denies all pages on plain http.
        args: [...args, '--host-resolver-rules=MAP plain.example 127.0.0.1'],
      }),
    ]);
    return new SharedBrowser(pageScript, browser, await browser.newContext());
  }

  /** A tab that nobody else uses. */
  async takeTab(): Promise<Page> {
    return this.#idleTabs.pop() ?? this.#openTab();
  }

  /** Ends what runs in a tab, and lets another test have it. */
  async giveBackTab(tab: Page): Promise<void> {
    if (tab.isClosed()) return;
    await tab.goto('about:blank');
    this.#idleTabs.push(tab);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }

  async #openTab(): Promise<Page> {
    const tab = await this.#context.newPage();
    tab.on('pageerror', (error) => process.stderr.write(`page: ${error.stack}\n`));
    return tab;
  }
}
