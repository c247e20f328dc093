/** @module-tag long */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createEmulator } from '@auth/testing/emulator';
import {
  type Certificates,
  isRedisInstalled,
  makeCertificates,
  type PostgresServer,
  postgresServer,
  type RedisNode,
  startPostgres,
  startRedis,
} from '@internal/test-tools';
import { hasBrowser, OpenedSite } from '@internal/test-tools/opened-site';
import { build } from 'rolldown';
import typescript from 'typescript-5.9';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guideEndings, workerEnding } from './guide-endings.js';
import { published, readmeBlocks, Workbench } from './workbench.js';

const run = promisify(execFile);
const blocks = readmeBlocks();
let bench: Workbench;
let redis: RedisNode | undefined;
let postgres: PostgresServer | undefined;
let certificates: Certificates;
const hasPostgres = postgresServer().path !== undefined;

beforeAll(async () => {
  bench = new Workbench();
  certificates = makeCertificates('apisandbox.jooraccess.com');
  if (isRedisInstalled()) redis = await startRedis();
  if (hasPostgres) postgres = await startPostgres();
  for (const { file, code } of blocks) bench.write(file, code);
  bench.copy('examples/custom-provider/src/warehouse.ts', 'warehouse.ts');
  bench.copy('examples/custom-store/src/sqlite-store.ts', 'sqlite-store.ts');
  bench.write('setup.ts', setup);
  bench.write('workers.d.ts', workers);
  bench.write('workers.js', workersAtWork);
}, 60_000);

afterAll(async () => {
  bench[Symbol.dispose]();
  certificates[Symbol.dispose]();
  await redis?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

/** What the guide for Workers imports: Cloudflare's own types and Node's exclude each other. */
const workers = `
declare module 'cloudflare:workers' {
  export const env: object;
  export function waitUntil(work: Promise<unknown>): void;
}
`;
const workersAtWork = `
export const env = process.env;
export const waited = [];
export const waitUntil = (work) => void waited.push(work);
`;

/** Lets the emulator answer for the vendors' real hosts. */
const setup = `
import { createEmulator } from '@auth/testing/emulator';
import { Agent } from 'undici';
const emulator = createEmulator({
  api: {
    async joor(request) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith('/graphql')) return Response.json({ data: { orders: [{ id: 1 }] } });
      if (pathname.includes('/trpc/')) return Response.json([{ result: { data: [{ id: 1 }] } }]);
      if (pathname.endsWith('/events'))
        return new Response('data: hello\\n\\n', { headers: { 'content-type': 'text/event-stream' } });
      if (pathname.endsWith('/mcp')) return mcp(request);
      return Response.json({ vendor: 'joor' });
    },
  },
});
async function mcp(request: Request): Promise<Response> {
  if (request.method !== 'POST') return new Response(null, { status: 405 });
  const { id, params } = await request.json();
  if (id === undefined) return new Response(null, { status: 202 });
  const serverInfo = { name: 'orders', version: '1.0.0' };
  const { protocolVersion } = params;
  return Response.json({ jsonrpc: '2.0', id, result: { protocolVersion, capabilities: {}, serverInfo } });
}
Object.assign(globalThis, { emulator });
// The emulator is at http://127.0.0.1, without a port.
const isServer = ({ hostname, port }: URL): boolean => hostname === '127.0.0.1' && port !== '';
const real = globalThis.fetch;
globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input));
  return isServer(url) ? real(input, init) : emulator.fetch(input, init);
};
const dispatch = Agent.prototype.dispatch;
Agent.prototype.dispatch = function (options, handler) {
  const { origin, path, method, headers } = options;
  if (isServer(new URL(origin as string))) return dispatch.call(this, options, handler);
  const controller = { aborted: false, paused: false, reason: null, abort() {}, pause() {}, resume() {} };
  handler.onRequestStart?.(controller, {});
  const request = new Request(new URL(path, origin), { method, headers: headers as Record<string, string> });
  void emulator.fetch(request).then(async (response) => {
    handler.onResponseStart?.(controller, response.status, {});
    handler.onResponseData?.(controller, Buffer.from(await response.arrayBuffer()));
    handler.onResponseEnd?.(controller, {});
  });
  return true;
};
const { username, password, clientId, clientSecret } = emulator.joor.options;
Object.assign(process.env, { JOOR_ENVIRONMENT: 'sandbox', JOOR_CLIENT_ID: clientId, JOOR_CLIENT_SECRET: clientSecret });
for (const vendor of ['JOOR', 'TELETRACKER', 'SIMACAN', 'UNIPOLL']) {
  Object.assign(process.env, { [vendor + '_USERNAME']: username, [vendor + '_PASSWORD']: password });
}
process.env['UNIPOLL_URL'] = emulator.jwtLogin.options.baseUrl;
`;

describe.each([
  // The oldest that is supported, and the newest, on every change.
  { version: '5.9', tags: [] },
  { version: '6', tags: ['longest'] },
  { version: '7', tags: [] },
])('TypeScript $version', ({ version, tags }) => {
  // The ways of resolving differ by settings, not by version: the newest shows the second one.
  const ways = [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const;
  const isNewest = version === '7';
  test.each(isNewest ? ways : ways.slice(0, 1))(
    `module %s, resolution %s: examples and READMEs compile${isNewest ? ', and docs' : ''}`,
    { tags, timeout: 60_000 },
    async (module, moduleResolution) => {
      const compilerOptions = {
        module,
        moduleResolution,
        target: 'es2023',
        lib: ['es2023', 'dom', 'esnext.disposable'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        skipLibCheck: true,
        noEmit: true,
        jsx: 'react-jsx',
        experimentalDecorators: true,
        allowImportingTsExtensions: true,
      };
      const all = { include: ['*.ts', '*.tsx', 'lib'] };
      const ofReadmes = {
        files: blocks.filter(({ name }) => !name.startsWith('docs-')).map(({ file }) => file),
      };
      bench.write('tsconfig.json', JSON.stringify({ compilerOptions, ...(isNewest ? all : ofReadmes) }));
      expect(await compile(version, 'tsconfig.json')).toBe('');
    },
  );

  test('declarations compile with the types of Node and without DOM', { tags, timeout: 60_000 }, async () => {
    const compilerOptions = {
      module: 'nodenext',
      target: 'es2023',
      lib: ['es2023'],
      types: ['node'],
      strict: true,
      skipLibCheck: false,
      noEmit: true,
    };
    const files = ['warehouse.ts', 'example-joor-1.ts'];
    bench.write('strict.json', JSON.stringify({ compilerOptions, files }));
    expect(await compile(version, 'strict.json')).toBe('');
  });
});

/** The output of that version's compiler. */
async function compile(version: string, project: string): Promise<string> {
  const tsc = join(import.meta.dirname, '..', 'node_modules', `typescript-${version}`, 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', join(bench.directory, project)]).catch(
    (error) => error,
  );
  return stdout;
}

const examples = blocks.filter(
  ({ code, runs }) =>
    runs &&
    (isRedisInstalled() || !code.includes('redisStore')) &&
    (hasPostgres || !code.includes('postgresStore')),
);

test.each(examples)('the example $name runs', async ({ name, file, code }) => {
  const isWorker = code.includes('await keeper.start()');
  const program = isWorker ? `ended-${name}.ts` : file;
  if (isWorker) bench.write(program, code + workerEnding);
  expect((await runOnEmulator(program)).trim()).not.toBe('');
});

describe('an example of a guide does what the page says', () => {
  const ofGuides = blocks.filter(({ name, runs }) => name.startsWith('docs-guides-') && !runs);
  // A module that others import, and a page for a browser: a test of its own opens that.
  const others = ['docs-guides-nextjs-1', 'docs-guides-react-1'];

  test('each has an ending', () => {
    const names = ofGuides.map(({ name }) => name);
    expect(names.sort()).toEqual([...Object.keys(guideEndings), ...others].sort());
  });

  test.each(ofGuides.filter(({ name }) => name in guideEndings))('$name', async ({ name, code }) => {
    const onePort = code.replace('app.listen(3000)', 'app.listen(0)');
    const inWorker = onePort.replace("'cloudflare:workers'", "'./workers.js'");
    const named = inWorker.replace('export default', 'const worker =');
    const file = `ended-${name}.ts`;
    bench.write(file, withoutDecorators(named + guideEndings[name]));
    await runOnEmulator(file, '--conditions=react-server');
  });
});

/** Node takes types out of a program by itself, and knows no decorators. */
function withoutDecorators(code: string): string {
  if (!/^@/m.test(code)) return code;
  const compilerOptions = {
    target: typescript.ScriptTarget.ES2022,
    module: typescript.ModuleKind.ESNext,
    experimentalDecorators: true,
  };
  return typescript.transpileModule(code, { compilerOptions }).outputText;
}

/** The output of a program for which the emulator answers as the vendors' hosts. It may write files into the bench. */
async function runOnEmulator(file: string, ...options: readonly string[]): Promise<string> {
  const args = [...options, '--import', './setup.ts', file];
  const env = {
    ...process.env,
    XDG_STATE_HOME: bench.directory,
    REDIS_URL: `redis://127.0.0.1:${redis?.port}`,
    DATABASE_URL: postgres?.url,
    TLS_KEY: certificates.server.key,
    TLS_CERTIFICATE: certificates.server.certificate,
    GRPC_DEFAULT_SSL_ROOTS_FILE_PATH: certificates.ca,
  };
  return (await run(process.execPath, args, { cwd: bench.directory, env, timeout: 20_000 })).stdout;
}

test('with a fresh token at hand no provider loads ky or zod, and nothing touches fetch', async () => {
  bench.write('probe.ts', probe);
  const { stdout } = await run(process.execPath, ['probe.ts'], { cwd: bench.directory });
  expect(stdout.trim()).toBe('given, given: 0 heavy modules');
});

/** A program that first uses a token given as an option, then the token that an earlier session has stored. */
const probe = `
import { registerHooks } from 'node:module';
const loaded: string[] = [];
registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
for (const name of ['fetch', 'Request', 'Response', 'Headers', 'FormData']) {
  Object.defineProperty(globalThis, name, { get: () => loaded.push('zod: ' + name + ' was touched') });
}
const { memoryStore } = await import('@auth/core');
const { createJoorAuth } = await import('@auth/joor');
const { createBearerLoginAuth, teletracker } = await import('@auth/bearer-login');
const { createPasswordRefreshAuth, simacan } = await import('@auth/password-refresh');
const { createJwtLoginAuth } = await import('@auth/jwt-login');
const store = memoryStore();
const account = { username: 'ada', password: 'x', store };
const initialTokens = { accessToken: 'given', refreshToken: 'r', expiresInMs: 3_600_000 };
const seen = new Set<string>();
for (const start of [{ initialTokens }, {}]) {
  const sessions = [
    createJoorAuth({ environment: 'sandbox', clientId: 'c', clientSecret: 's', ...account, ...start }),
    createBearerLoginAuth({ ...teletracker(), ...account, ...start }),
    createPasswordRefreshAuth({ ...simacan('staging'), ...account, ...start }),
    createJwtLoginAuth({ baseUrl: 'https://unipoll.example', ...account, ...start }),
  ];
  for (const session of sessions) {
    seen.add(await session.getAccessToken());
    session.dispose();
  }
}
const heavy = loaded.filter((url) => /\\/(ky|zod)\\/|token-endpoint|wire|^zod:/.test(url));
console.log([...seen, ...seen].join(', ') + ': ' + heavy.length + ' heavy modules');
`;

test('every published package has a README with an example that runs', () => {
  const withExample = new Set(blocks.filter(({ runs }) => runs).map(({ name }) => name.replace(/-\d+$/, '')));
  expect([...withExample]).toEqual(expect.arrayContaining([...published, 'project']));
});

test.runIf(hasBrowser)('the example of the guide for React signs a person in and out', async () => {
  const emulator = createEmulator();
  emulator.jwtLogin.addAccount('ada@example.com', 'right');
  bench.write('page.tsx', reactPage);
  const built = await build({
    input: join(bench.directory, 'page.tsx'),
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"production"' }, jsx: 'react-jsx' },
    write: false,
    output: { codeSplitting: false },
  });
  bench.write('page/page.js', built.output[0].code);
  bench.write('page/index.html', '<!doctype html><main></main><script type="module" src="page.js"></script>');
  await using site = await OpenedSite.open(join(bench.directory, 'page'));
  await using tab = await site.tab();
  const { page } = tab;
  await page.route('https://polls.example.com/**', async (route) => {
    const request = route.request();
    const path = request.url().slice('https://polls.example.com'.length);
    const headers = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    if (request.method() === 'OPTIONS') return route.fulfill({ headers });
    const answer = await emulator.fetch(emulator.jwtLogin.options.baseUrl + path, {
      method: request.method(),
      headers: await request.allHeaders(),
      body: request.postData(),
    });
    const own = Object.fromEntries(answer.headers);
    return route.fulfill({
      status: answer.status,
      headers: { ...own, ...headers },
      body: await answer.text(),
    });
  });
  await page.goto(site.url);
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('invalid_credentials').waitFor();
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await using other = await site.tab();
  await other.page.goto(site.url);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await other.page.reload();
  await other.page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(emulator.jwtLogin.ledger.entries.map(({ outcome }) => outcome)).toEqual(['refused', 'issued']);
});

const reactPage = `
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './example-docs-guides-react-1.tsx';
createRoot(document.querySelector('main')).render(createElement(App));
`;
