import { type AuthSession, createAuthSession, isAuthError } from '@auth/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withCanary } from './support/arbitraries.js';
import { canary, endsWell } from './support/ends-well.js';
import { providerNames, providers } from './support/providers.js';
import { expectUnchangedPrototype } from './support/unchanged-prototype.js';

expectUnchangedPrototype();

describe.each(providerNames)('%s', (name) => {
  test('works with whatever stands in an option, or names the option without quoting its value', async () => {
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
      { numRuns: 250 },
    );
  }, 60_000);
});

test('a session ends well whatever its provider returns or throws', async () => {
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
    { numRuns: 250 },
  );
}, 60_000);
