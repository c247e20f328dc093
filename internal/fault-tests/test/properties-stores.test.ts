/** @module-tag long */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuthSession, encryptedStore, keyValueStore, memoryStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { json } from './support/arbitraries.js';
import { canary, endsWell } from './support/ends-well.js';
import { providers } from './support/providers.js';
import { expectUnchangedPrototype } from './support/unchanged-prototype.js';

expectUnchangedPrototype();

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
      { numRuns: 250 },
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
