import { type ManualClock, manualClock } from '@auth/testing/clock';
import type { PeerCommand } from '@auth/testing/conformance';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import type { Page } from 'playwright-core';
import type { WebStore, WebStoreOptions } from '../../src/index.js';
import { type PageServer, startPageServer } from './page-server.js';
import type { SharedBrowser } from './shared-browser.js';

/** What page.js puts on a page. */
declare global {
  var events: { type: string; keptIn?: string; reason?: string }[];
  var openStore: (options?: WebStoreOptions) => number;
  var store: (index?: number) => WebStore;
  var stopTime: () => void;
  var passTime: (ms: number) => void;
  var conform: (options?: WebStoreOptions) => Promise<{ count: number; failed: string[] }>;
  var becomePeer: (place: string) => void;
  var serve: (command: PeerCommand) => Promise<unknown>;
  var openSession: (options: object) => number;
  var passDays: (days: number) => void;
  var tokens: (index?: number) => Promise<string>;
  var call: (url: string, index?: number) => Promise<number>;
  var signOut: (index?: number) => Promise<void>;
}

/** An origin whose tabs share storage with each other and with nothing else, and the emulator behind it. */
export class BrowserScene implements AsyncDisposable {
  readonly emulator: RunningEmulator;
  readonly #browser: SharedBrowser;
  readonly #server: PageServer;
  readonly #clock: ManualClock;
  readonly #tabs: Page[] = [];
  #daysPassed = 0;

  private constructor(
    browser: SharedBrowser,
    emulator: RunningEmulator,
    server: PageServer,
    clock: ManualClock,
  ) {
    this.#browser = browser;
    this.emulator = emulator;
    this.#server = server;
    this.#clock = clock;
  }

  static async open(browser: SharedBrowser): Promise<BrowserScene> {
    const clock = manualClock(Date.now());
    const emulator = await startEmulator({ clock });
    const server = await startPageServer(browser.pageScript, emulator.url);
    return new BrowserScene(browser, emulator, server, clock);
  }

  /** Where the pages come from. */
  get origin(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Options of a session in a page: the emulator is behind the page's own origin. */
  get account(): typeof this.emulator.jwtLogin.options {
    const { options } = this.emulator.jwtLogin;
    return { ...options, baseUrl: this.#behindOrigin(options.baseUrl) };
  }

  get apiUrl(): string {
    return this.#behindOrigin(this.emulator.jwtLogin.apiUrl);
  }

  /** Opens a tab. */
  tab(): Promise<Page> {
    return this.#openTab(`${this.origin}/`);
  }

  /** Opens several at once. */
  tabs(count: number): Promise<Page[]> {
    return Promise.all(Array.from({ length: count }, () => this.tab()));
  }

  /** Opens a page that may use no storage. */
  sandboxedTab(): Promise<Page> {
    return this.#openTab(`${this.origin}/sandboxed`);
  }

  /** Opens a page that the browser does not trust, because it came over plain http. */
  plainHttpTab(): Promise<Page> {
    return this.#openTab(`http://plain.example:${this.#server.port}/`);
  }

  /** Opens tabs with a session each, on one store. */
  async tabsWithSession(count: number): Promise<Page[]> {
    const tabs = await this.tabs(count);
    for (const tab of tabs) {
      await tab.evaluate((account) => {
        openStore();
        openSession(account);
      }, this.account);
    }
    await this.passDays(tabs, 0);
    return tabs;
  }

  /** Moves the clocks of the emulator and of the tabs, and sets tabs opened later to the same day. */
  async passDays(tabs: readonly Page[], days = 1): Promise<void> {
    this.#daysPassed += days;
    this.#clock.jump(days * 24 * 3_600_000);
    await Promise.all(tabs.map((tab) => tab.evaluate((passed) => passDays(passed), this.#daysPassed)));
  }

  /** What each tab's session answers: the id of its tokens, or the code of an error. */
  tokensOf(tabs: readonly Page[]): Promise<string[]> {
    return Promise.all(tabs.map((tab) => tab.evaluate(() => tokens())));
  }

  /** What the token server was asked for since the last time. */
  takeCalls(): string[] {
    const { ledger } = this.emulator.jwtLogin;
    const calls = ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
    ledger.clear();
    return calls;
  }

  /** Limits what the origin of a tab may keep, in bytes; without a size the browser decides again. */
  async setQuota(tab: Page, quotaSize?: number): Promise<void> {
    const devtools = await tab.context().newCDPSession(tab);
    const size = quotaSize === undefined ? {} : { quotaSize };
    await devtools.send('Storage.overrideQuotaForOrigin', { origin: this.origin, ...size });
  }

  /** Removes everything that the origin of a tab keeps, as the browser may do at any time. */
  async evictAll(tab: Page): Promise<void> {
    const devtools = await tab.context().newCDPSession(tab);
    await devtools.send('Storage.clearDataForOrigin', { origin: this.origin, storageTypes: 'all' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#tabs.map((tab) => this.#browser.giveBackTab(tab)));
    this.#server.close();
    await this.emulator.close();
  }

  async #openTab(url: string): Promise<Page> {
    const tab = await this.#browser.takeTab();
    this.#tabs.push(tab);
    // Loading is over when the page's script, a module, has run.
    await tab.goto(url);
    return tab;
  }

  #behindOrigin(url: string): string {
    return this.origin + new URL(url).pathname;
  }
}
