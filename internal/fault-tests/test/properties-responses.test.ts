/** @module-tag long */
import type { AuthEvent } from '@auth/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bodyFor, headers, status, withCanary } from './support/arbitraries.js';
import { canary, endsWell } from './support/ends-well.js';
import { providerNames, providers } from './support/providers.js';
import { expectUnchangedPrototype } from './support/unchanged-prototype.js';

expectUnchangedPrototype();

describe.each(providerNames)('%s ends well', (name) => {
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
    await fc.assert(property, { numRuns: 100 });
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

  test('when an answer has no end: it is cut off, and not kept', async () => {
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

  test('whatever the API answers, and one refusal costs at most one exchange', async () => {
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
    await fc.assert(property, { numRuns: 60 });
  }, 60_000);
});
