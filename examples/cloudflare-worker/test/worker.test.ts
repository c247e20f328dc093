/** @module-tag long */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { Miniflare } from 'miniflare';
import { build } from 'rolldown';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import wrangler from '../wrangler.json' with { type: 'json' };

const names = ['here', 'there'] as const;
let script: string;
let emulator: RunningEmulator;
let storage: string;
let workers: Miniflare;

beforeAll(async () => {
  const { output } = await build({
    input: join(import.meta.dirname, '..', wrangler.main),
    platform: 'browser',
    external: ['cloudflare:workers'],
    write: false,
    output: { codeSplitting: false },
  });
  script = output[0].code;
  emulator = await startEmulator({ api: { passwordRefresh: () => Response.json(['trip-1']) } });
});
afterAll(() => emulator.close());
beforeEach(() => {
  emulator.passwordRefresh.reset();
  storage = mkdtempSync(join(tmpdir(), 'cloudflare-worker-'));
  workers = start();
});
afterEach(async () => {
  await workers.dispose();
  rmSync(storage, { recursive: true });
});

/** Starts two instances of the worker, which share nothing but the Durable Objects. */
function start(password: string = emulator.passwordRefresh.options.password): Miniflare {
  const { baseUrl, username } = emulator.passwordRefresh.options;
  const [{ name: binding, class_name: className }] = wrangler.durable_objects.bindings as [
    { name: string; class_name: string },
  ];
  return new Miniflare({
    durableObjectsPersist: storage,
    workers: names.map((name) => ({
      name,
      modules: true,
      script,
      compatibilityDate: wrangler.compatibility_date,
      durableObjects: { [binding]: { className, scriptName: names[0], useSQLite: true } },
      bindings: {
        SIMACAN_AUTH_URL: baseUrl,
        SIMACAN_API_URL: baseUrl,
        SIMACAN_USERNAME: username,
        SIMACAN_PASSWORD: password,
      },
    })),
  });
}

/** Sends five requests to each instance, all at once; returns the distinct answers. */
async function requests(): Promise<string[]> {
  const fetchers = await Promise.all(names.map((name) => workers.getWorker(name)));
  const answers = fetchers.flatMap((worker) =>
    Array.from({ length: 5 }, async () => (await worker.fetch('http://worker.example/')).text()),
  );
  return [...new Set(await Promise.all(answers))];
}

const exchanges = (): string[] =>
  emulator.passwordRefresh.ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);

test('all requests to all instances share one login, and then one refresh', async () => {
  expect(await requests()).toEqual(['["trip-1"]']);
  expect(exchanges()).toEqual(['login issued']);
  emulator.passwordRefresh.expireTokens();
  expect(await requests()).toEqual(['["trip-1"]']);
  expect(exchanges()).toEqual(['login issued', 'refresh issued']);
});

test('instances started later use the stored tokens', async () => {
  await requests();
  await workers.dispose();
  workers = start();
  expect(await requests()).toEqual(['["trip-1"]']);
  expect(exchanges()).toEqual(['login issued']);
});

test('only one instance sends a wrong password', async () => {
  await workers.dispose();
  workers = start('not-the-password');
  await requests();
  expect(await requests()).toEqual(['{"error":"login_blocked"}']);
  expect(exchanges()).toEqual(['login refused']);
});
