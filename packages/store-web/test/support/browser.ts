import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { chromium as installed } from '@internal/test-tools';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { build } from 'rolldown';

const { path, args } = installed();
export const executablePath: string | undefined = path;

const html = '<!doctype html><title>tests</title><script type="module" src="/page.js"></script>';

/** What a page loads, in one file: made of the packages' sources, so that no test runs on a stale build. */
async function bundle(): Promise<string> {
  const packages = join(import.meta.dirname, '..', '..', '..');
  const { output } = await build({
    input: join(import.meta.dirname, 'page.js'),
    platform: 'browser',
    write: false,
    output: { codeSplitting: false },
    resolve: {
      alias: {
        '@auth/core': join(packages, 'core/src/index.ts'),
        '@auth/jwt-login': join(packages, 'jwt-login/src/index.ts'),
        '@auth/provider-utils/wire': join(packages, 'provider-utils/src/wire.ts'),
        '@auth/provider-utils': join(packages, 'provider-utils/src/index.ts'),
        '@auth/store-web': join(packages, 'store-web/src/index.ts'),
        '@auth/testing/conformance': join(packages, 'testing/src/conformance/index.ts'),
      },
    },
  });
  return output[0].code;
}

/** A browser, the server its pages come from, and behind that the emulator. */
export class BrowserScene implements AsyncDisposable {
  readonly emulator: RunningEmulator;
  readonly port: number;
  readonly #browser: Browser;
  readonly #close: () => void;
  #context: BrowserContext;

  private constructor(
    emulator: RunningEmulator,
    port: number,
    browser: Browser,
    context: BrowserContext,
    close: () => void,
  ) {
    this.emulator = emulator;
    this.port = port;
    this.#browser = browser;
    this.#context = context;
    this.#close = close;
  }

  static async start(clock: Parameters<typeof startEmulator>[0] = {}): Promise<BrowserScene> {
    const emulator = await startEmulator(clock);
    const origin = new URL(emulator.jwtLogin.options.baseUrl).origin;
    const script = await bundle();
    const server = createServer((request, response) => void answer(origin, script, request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const browser = await chromium.launch({
      executablePath: executablePath as string,
      // A host that is not loopback, to see what pages on plain http are denied.
      args: [...args, '--host-resolver-rules=MAP plain.example 127.0.0.1'],
    });
    const close = (): void => {
      server.closeAllConnections();
      server.close();
    };
    return new BrowserScene(emulator, port, browser, await browser.newContext(), close);
  }

  /** Options of a session in a page: the emulator is behind the page's own origin. */
  get account(): { baseUrl: string; username: string; password: string } {
    const { baseUrl, username, password } = this.emulator.jwtLogin.options;
    return { baseUrl: this.#behind(baseUrl), username, password };
  }

  get apiUrl(): string {
    return this.#behind(this.emulator.jwtLogin.apiUrl);
  }

  /** Forgets everything the browser keeps. */
  async reset(): Promise<void> {
    await this.#context.close();
    this.#context = await this.#browser.newContext();
    this.emulator.jwtLogin.reset();
  }

  /** Opens a tab. */
  async tab(url: string = `http://127.0.0.1:${this.port}/`): Promise<Page> {
    const page = await this.#context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page: ${error.stack}\n`));
    await page.goto(url);
    await page.waitForFunction(() => (globalThis as { isReady?: boolean }).isReady === true);
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    this.#close();
    await this.emulator.close();
  }

  #behind(url: string): string {
    return url.replace(/^http:\/\/[^/]+/, `http://127.0.0.1:${this.port}`);
  }
}

async function answer(
  emulator: string,
  script: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '/';
  if (path === '/page.js') {
    // A sandboxed page has an origin of its own.
    response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
    return void response.end(script);
  }
  if (path === '/' || path === '/sandboxed') {
    const policy = path === '/' ? {} : { 'content-security-policy': 'sandbox allow-scripts' };
    response.writeHead(200, { 'content-type': 'text/html', ...policy });
    return void response.end(html);
  }
  const body = await new Response(request as never).arrayBuffer();
  const { host, connection, 'content-length': length, ...headers } = request.headers;
  const answered = await fetch(emulator + path, {
    method: request.method ?? 'GET',
    headers: headers as Record<string, string>,
    ...(body.byteLength > 0 ? { body } : {}),
  }).catch(() => undefined);
  // The emulator has dropped the connection, so we do.
  if (answered === undefined) return void response.destroy();
  response.writeHead(answered.status, {
    'content-type': answered.headers.get('content-type') ?? 'text/plain',
  });
  response.end(Buffer.from(await answered.arrayBuffer()));
}
