/** @module-tag long */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  isRedisInstalled,
  type PostgresServer,
  postgresServer,
  type RedisNode,
  startPostgres,
  startRedis,
} from '@internal/test-tools';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { published, readmeBlocks, Workbench } from './workbench.js';

const run = promisify(execFile);
const blocks = readmeBlocks();
let bench: Workbench;
let redis: RedisNode | undefined;
let postgres: PostgresServer | undefined;
const hasPostgres = postgresServer().path !== undefined;

beforeAll(async () => {
  bench = new Workbench();
  if (isRedisInstalled()) redis = await startRedis();
  if (hasPostgres) postgres = await startPostgres();
  for (const { file, code } of blocks) bench.write(file, code);
  bench.copy('examples/custom-provider/src/warehouse.ts', 'warehouse.ts');
  bench.copy('examples/custom-store/src/sqlite-store.ts', 'sqlite-store.ts');
  bench.write('setup.ts', setup);
}, 60_000);

afterAll(async () => {
  bench[Symbol.dispose]();
  await redis?.[Symbol.asyncDispose]();
  await postgres?.[Symbol.asyncDispose]();
});

/** Lets the emulator answer for the vendors' real hosts. */
const setup = `
import { createEmulator } from '@auth/testing/emulator';
import { Agent } from 'undici';
const emulator = createEmulator();
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

test.each(examples)('the example $name runs', async ({ file }) => {
  const args = ['--import', './setup.ts', file];
  // The example writes its files into the bench's directory, which is removed.
  const servers = { REDIS_URL: `redis://127.0.0.1:${redis?.port}`, DATABASE_URL: postgres?.url };
  const places = { XDG_STATE_HOME: bench.directory, ...servers };
  const options = { cwd: bench.directory, env: { ...process.env, ...places }, timeout: 20_000 };
  const { stdout } = await run(process.execPath, args, options);
  expect(stdout.trim()).not.toBe('');
});

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
