import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  type AuthEvent,
  type AuthSession,
  createAuthSession,
  encryptedStore,
  isAuthError,
  keyValueStore,
  memoryStore,
  type TokenSet,
} from '@auth/core';
import { fileStore } from '@auth/store-file';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ProviderName, providerNames, providers } from './support/providers.js';

const canary = 'canary-3f9c1';
/** Longer than any of these calls may take in real time. */
const patienceMs = 2_000;

let prototypeBefore: string;
beforeEach(() => {
  prototypeBefore = inspect(Object.getOwnPropertyNames(Object.prototype));
});
afterEach(() => {
  expect(inspect(Object.getOwnPropertyNames(Object.prototype))).toBe(prototypeBefore);
});

/** Ends in a set that can be used, or in an error of ours, in time, and nothing of the input is in what is said. */
async function endsWell(work: () => Promise<TokenSet>, said: readonly unknown[] = []): Promise<void> {
  const startedAt = performance.now();
  let tokens: TokenSet | undefined;
  try {
    tokens = await work();
  } catch (error) {
    if (!isAuthError(error)) throw error;
    const text = [error, ...said].map(
      (value) => `${inspect(value, { depth: 9, showHidden: true })}${JSON.stringify(value)}`,
    );
    expect(`${text.join('\n')}${error.stack}`).not.toContain(canary);
  }
  expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  if (tokens === undefined) return;
  expect(tokens.accessToken).toMatch(/^[\x21-\x7e]{1,16384}$/);
  for (const instant of [tokens.expiresAt, tokens.refreshExpiresAt]) {
    expect(instant === undefined || (Number.isFinite(instant) && instant > tokens.issuedAt)).toBe(true);
  }
}

/** Anything, and errors and objects that quote what must not be quoted. */
const withCanary = fc.oneof(
  fc.anything(),
  fc.constantFrom<unknown>(
    canary,
    new Error(canary),
    new TypeError('outer', { cause: new Error(canary) }),
    Object.assign(new Error('with a body'), { code: canary, request: { body: canary } }),
    { message: canary, name: canary, code: `E_${canary}` },
  ),
);
const json = fc.jsonValue({ maxDepth: 3 });
const header = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'0123456789 -+.,;:="/abcGMTe\t'), maxLength: 40 }),
  fc.constantFrom(
    '-1',
    '0',
    '1e9',
    'NaN',
    'Infinity',
    '2147484',
    'Mon, 01 Jan 2035 00:00:00 GMT',
    'Bearer error="invalid_token"',
  ),
);
const location = fc.oneof(
  header,
  fc.constantFrom('', '//', 'http://', 'javascript:alert(1)', 'https://[::', '/x#y', 'http://api.example/'),
  fc.webUrl(),
);
const headers = fc.record(
  { 'retry-after': header, date: header, 'www-authenticate': header, 'content-type': header, location },
  { requiredKeys: [] },
);
const status = fc.constantFrom(
  200,
  201,
  204,
  206,
  302,
  400,
  401,
  403,
  404,
  408,
  409,
  418,
  422,
  429,
  500,
  502,
  503,
  504,
);

/** A body around a vendor's own fields: some of them wrong, or something else altogether. */
function bodyFor(name: ProviderName): fc.Arbitrary<string> {
  const fields = Object.fromEntries(
    Object.entries(providers[name].good).map(([field, value]) => [
      field,
      fc.oneof(fc.constant(value), json, fc.constant(`${canary}\u0000`)),
    ]),
  );
  return fc.oneof(
    fc.record(fields, { requiredKeys: [] }).map((body) => JSON.stringify({ ...body, note: canary })),
    json.map((body) => JSON.stringify(body)),
    fc.string({ maxLength: 200 }).map((text) => text + canary),
    fc.record(fields).map((body) => JSON.stringify(body).slice(0, -2)),
    fc.constantFrom(
      `{"__proto__":{"polluted":"${canary}"},"access_token":"x"}`,
      `[${'['.repeat(5_000)}`,
      `{"access_token":"${'x'.repeat(20_000)}","token":"${canary}"}`,
      '<html><body>'.padEnd(3_000, canary),
    ),
  );
}

describe.each(providerNames)('%s', (name) => {
  test('whatever the token server answers', async () => {
    const property = fc.asyncProperty(status, headers, bodyFor(name), async (code, extra, body) => {
      const events: AuthEvent[] = [];
      const session = providers[name].open({
        scheduler: null,
        fetch: async () => new Response(code === 204 ? null : body, { status: code, headers: extra }),
        onEvent: (event) => events.push(event),
      });
      await endsWell(() => session.getTokens(), events);
      session.dispose();
    });
    await fc.assert(property, { numRuns: 250 });
  }, 60_000);

  test('whatever the transport throws', async () => {
    const property = fc.asyncProperty(withCanary, async (thrown) => {
      const session = providers[name].open({
        scheduler: null,
        fetch: async () => {
          throw thrown;
        },
      });
      await endsWell(() => session.getTokens());
    });
    await fc.assert(property, { numRuns: 100 });
  }, 60_000);

  test('whatever the API answers: one refusal at most costs one exchange', async () => {
    const property = fc.asyncProperty(status, headers, async (code, extra) => {
      let exchanges = 0;
      const session = providers[name].open({
        scheduler: null,
        initialTokens: { accessToken: 'given', refreshToken: 'r' },
        allowedOrigins: ['https://api.example'],
        fetch: async (input: string | URL | Request) => {
          const { hostname } = new URL(input instanceof Request ? input.url : String(input));
          if (hostname !== 'api.example') {
            exchanges++;
            return Response.json({ ...providers[name].good });
          }
          return new Response(null, { status: code, headers: extra });
        },
      } as never);
      const response = await session.fetch('https://api.example/x', { redirect: 'manual' });
      expect(response.status).toBe(code);
      expect(exchanges).toBeLessThanOrEqual(1);
    });
    await fc.assert(property, { numRuns: 150 });
  }, 60_000);

  test('whatever stands in an option: it is named as wrong without being shown, or is lived with', async () => {
    const { open, good } = providers[name];
    const returned = fc.oneof(fc.anything(), fc.constant(canary));
    // What a caller may hand over that looks right and does not do what it should.
    const odd = (names: readonly string[]): fc.Arbitrary<object> =>
      fc.tuple(returned, fc.boolean()).map(([value, throws]) => {
        const act = (): unknown => {
          if (throws) throw value;
          return value;
        };
        return names.length === 0 ? act : Object.fromEntries(names.map((method) => [method, act]));
      });
    const functions: Readonly<Record<string, readonly string[]>> = {
      fetch: [],
      random: [],
      onEvent: [],
      refreshPolicy: [],
      waitUntil: [],
      password: [],
      clientSecret: [],
      store: ['get', 'compareAndSet', 'lock'],
      scheduler: ['schedule'],
    };
    const options = [
      ...['username', 'baseUrl', 'allowedOrigins', 'timeouts', 'key', 'clock', 'maxLoginsPerHour'],
      ...['allowInsecureOrigins', 'clientId', 'scope', 'initialTokens', ...Object.keys(functions)],
    ];
    const value = fc.oneof(
      fc.anything(),
      fc.constant(`https://${canary}:pw@host.example`),
      fc.constant([`http://*.${canary}.*`]),
    );
    const option = fc.constantFrom(...options).chain((key) => {
      const methods = functions[key];
      return fc.tuple(fc.constant(key), methods === undefined ? value : fc.oneof(value, odd(methods)));
    });
    await fc.assert(
      fc.asyncProperty(option, async ([key, wrong]) => {
        let session: AuthSession;
        try {
          session = open({
            scheduler: null,
            fetch: async () => Response.json(good),
            [key]: wrong,
          } as never);
        } catch (error) {
          if (!isAuthError(error)) throw error;
          expect(['invalid_options', 'insecure_url']).toContain(error.code);
          const names = key === 'baseUrl' && error.code === 'insecure_url' ? 'allowInsecureOrigins' : key;
          expect(error.message).toContain(names);
          if (key !== 'baseUrl' || error.code === 'invalid_options')
            expect(error.message).not.toContain(canary);
          return;
        }
        await endsWell(() => session.getTokens());
        session.dispose();
      }),
      { numRuns: 500 },
    );
  }, 60_000);

  test('an answer without end is cut off, and what came of it is not kept', async () => {
    const chunk = new TextEncoder().encode(canary.padEnd(65_536, 'x'));
    let sent = 0;
    const session = providers[name].open({
      scheduler: null,
      fetch: async () =>
        new Response(
          new ReadableStream({
            pull: (controller) => {
              sent += chunk.byteLength;
              controller.enqueue(chunk);
            },
          }),
          { headers: { 'content-type': 'application/json' } },
        ),
    });
    await endsWell(() => session.getTokens());
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(4 * 1_048_576);
    session.dispose();
  });
});

describe('a store', () => {
  const open = (value: string): AuthSession => {
    const store = memoryStore();
    void store.compareAndSet('key', undefined, { id: 'found', value });
    return providers['password-refresh'].open({
      store,
      key: 'key',
      scheduler: null,
      fetch: async () => Response.json(providers['password-refresh'].good),
    });
  };
  const envelope = fc.record(
    {
      v: fc.oneof(fc.constant(1), json),
      tokens: fc.oneof(
        json,
        fc.record(
          {
            id: fc.string(),
            accessToken: fc.string(),
            issuedAt: fc.double(),
            expiresAt: fc.double(),
            refreshToken: fc.string(),
          },
          { requiredKeys: [] },
        ),
      ),
      signedOutAt: fc.oneof(fc.double(), json),
      guard: fc.oneof(
        json,
        fc.record(
          {
            failures: fc.oneof(fc.nat(), json),
            loginsAt: fc.oneof(fc.array(fc.double()), json),
            notBefore: fc.oneof(fc.double(), json),
            latch: json,
          },
          { requiredKeys: [] },
        ),
      ),
    },
    { requiredKeys: [] },
  );

  test('may hold anything', async () => {
    const value = fc.oneof(
      envelope.map((stored) => JSON.stringify(stored)),
      json.map((stored) => JSON.stringify(stored)),
      fc.string().map((text) => text + canary),
      fc.constant('{"v":1,"__proto__":{"polluted":true},"guard":{"failures":0,"loginsAt":[]}}'),
    );
    await fc.assert(
      fc.asyncProperty(value, async (stored) => {
        const session = open(stored);
        await endsWell(() => session.getTokens());
        session.dispose();
      }),
      { numRuns: 600 },
    );
  }, 60_000);

  test('keeps any two keys apart', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'hostile-'));
    const key = fc.oneof(
      fc.string({ unit: 'binary', minLength: 1 }),
      fc.string({ minLength: 1, maxLength: 400 }),
      fc.constantFrom(
        '__proto__',
        'constructor',
        '../x',
        'a/b',
        'a\\b',
        'A',
        'a',
        'a.lock',
        '\ud800',
        '\ufffd',
        'nul',
        '.',
        '..',
      ),
    );
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(key, { minLength: 2, maxLength: 6 }),
          fc.string({ unit: 'binary' }),
          async (keys, value) => {
            for (const store of [
              keyValueStore(new Map<string, string>()),
              encryptedStore(memoryStore(), { keys: [new Uint8Array(32)] }),
              fileStore({ directory: mkdtempSync(join(directory, 'run-')) }),
            ]) {
              for (const [index, name] of keys.entries()) {
                expect(
                  await store.compareAndSet(name, undefined, {
                    id: `id-${index}`,
                    value: value.toWellFormed(),
                  }),
                ).toBe(true);
              }
              for (const [index, name] of keys.entries()) {
                expect(await store.get(name)).toEqual({ id: `id-${index}`, value: value.toWellFormed() });
              }
            }
          },
        ),
        { numRuns: 60 },
      );
    } finally {
      rmSync(directory, { recursive: true });
    }
  }, 60_000);
});

test('whatever a provider returns or throws', async () => {
  const returned = fc.oneof(
    withCanary,
    fc.record(
      {
        accessToken: fc.oneof(fc.string(), fc.anything()),
        expiresInMs: fc.oneof(fc.double(), fc.anything()),
        refreshToken: fc.anything(),
        scope: fc.anything(),
        extra: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  );
  await fc.assert(
    fc.asyncProperty(returned, fc.boolean(), async (value, throws) => {
      const session = createAuthSession(
        {
          name: 'odd',
          issuer: 'https://auth.example',
          account: 'ada',
          allowedOrigins: [],
          prepareLogin: () => ({
            secrets: ['x'],
            login: async () => {
              if (throws) throw value;
              return value as never;
            },
          }),
        },
        { scheduler: null },
      );
      await endsWell(() => session.getTokens());
    }),
    { numRuns: 500 },
  );
}, 60_000);
