import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { chromium as installed } from '@auth/test-tools';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

export const { path: executablePath, args } = installed();

const packages = join(import.meta.dirname, '..', '..', '..');
const require = createRequire(join(packages, 'jwt-login', 'src', 'index.ts'));
const requireHere = createRequire(import.meta.url);

/** Where the page finds its modules: the built packages, and what they stand on. */
const roots: Readonly<Record<string, string>> = {
  '/@auth/': packages,
  '/idb/': folderOf(requireHere, 'idb'),
  '/zod/': folderOf(require, 'zod'),
  '/ky/': folderOf(createRequire(join(packages, 'provider-utils', 'src', 'index.ts')), 'ky'),
};
const imports = {
  '@auth/core': '/@auth/core/dist/index.js',
  '@auth/provider-utils': '/@auth/provider-utils/dist/index.js',
  '@auth/provider-utils/wire': '/@auth/provider-utils/dist/wire.js',
  '@auth/jwt-login': '/@auth/jwt-login/dist/index.js',
  '@auth/store-web': '/@auth/store-web/dist/index.js',
  '@auth/testing/conformance': '/@auth/testing/dist/conformance/index.js',
  idb: '/idb/build/index.js',
  ky: '/ky/distribution/index.js',
  'zod/mini': '/zod/mini/index.js',
};
const html = `<!doctype html><title>tests</title>
<script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="/@auth/store-web/test/support/page.js"></script>`;

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
    const server = createServer((request, response) => void answer(origin, request, response));
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

async function answer(emulator: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  const root = Object.keys(roots).find((prefix) => path.startsWith(prefix));
  if (root !== undefined) {
    const file = join(roots[root] as string, path.slice(root.length));
    // A sandboxed page has an origin of its own.
    response.writeHead(200, { 'content-type': 'text/javascript', 'access-control-allow-origin': '*' });
    return void response.end(await readFile(file));
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

function folderOf(from: NodeJS.Require, name: string): string {
  let folder = dirname(from.resolve(name));
  while (!folder.endsWith(`/${name}`)) folder = dirname(folder);
  return folder;
}
