import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import sirv from 'sirv';
import { chromium as installed } from './chromium.ts';

const { path: executablePath, args } = installed();

/** Whether there is a browser to open the site in. */
export const hasBrowser: boolean = executablePath !== undefined;

/** The widths and colour schemes that pages are checked in. */
export const widths = { wide: 1280, phone: 390 } as const;
export const schemes = ['light', 'dark'] as const;

/** A folder of pages, served on loopback, and a browser that reaches nothing else. */
export class OpenedSite implements AsyncDisposable {
  readonly url: string;
  readonly #context: BrowserContext;
  readonly #close: () => Promise<void>;

  private constructor(url: string, context: BrowserContext, close: () => Promise<void>) {
    this.url = url;
    this.#context = context;
    this.#close = close;
  }

  static async open(folder: string): Promise<OpenedSite> {
    // Tabs share one cache, as a reader's do.
    const server = createServer(sirv(folder, { maxAge: 3_600 }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const offline = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1';
    const browser = await chromium.launch({
      executablePath: executablePath as string,
      args: [...args, offline],
    });
    const { port } = server.address() as AddressInfo;
    return new OpenedSite(`http://127.0.0.1:${port}/`, await browser.newContext(), async () => {
      await browser.close();
      server.closeAllConnections();
      server.close();
    });
  }

  /** A tab. `complaints`: warnings and errors of its console, failed requests, and requests to other hosts. */
  async tab(): Promise<{ page: Page; complaints: string[] } & AsyncDisposable> {
    const page = await this.#context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type()))
        complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!request.url().startsWith(this.url)) complaints.push(`asked for ${request.url()}`);
    });
    page.on('response', (response) => {
      if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
    });
    return { page, complaints, [Symbol.asyncDispose]: () => page.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}
