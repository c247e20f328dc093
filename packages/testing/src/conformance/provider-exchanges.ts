import {
  openOn,
  type ProviderFixture,
  type ProviderPromises,
  writesForbiddenCookies,
} from './provider-fixture.js';
import {
  checkOrigins,
  checkUrls,
  counted,
  failureOf,
  forEachPhase,
  jsonType,
  login,
  networkError,
  page,
  refresh,
} from './provider-trial.js';
import { check, same } from './test-function.js';

/** What a provider makes of the answers of its token endpoint. */
export const exchangePromises: ProviderPromises = {
  'a login brings a token': async ({ provider, fetch }) => {
    const issued = await login(provider, fetch);
    check(/^[\x21-\x7e]+$/.test(issued.accessToken), 'the access token is not visible ASCII');
    check(issued.expiresInMs === undefined || issued.expiresInMs > 0, 'a lifetime is not above 0');
  },

  'the life of a token is the one that is given': async ({ provider, fetch, lifeMs }) => {
    if (lifeMs === undefined || writesForbiddenCookies(provider)) return;
    using session = openOn(provider, fetch);
    const { expiresAt } = await session.getTokens();
    const leftMs = expiresAt === undefined ? 'no end' : expiresAt - Date.now();
    const isNear = leftMs !== 'no end' && Math.abs(leftMs - lifeMs) < 10_000;
    check(isNear, `the provider finds ${leftMs}, not ${lifeMs} ms`);
  },

  'a refresh, if the provider has one, issues another token': async ({ provider, fetch }) => {
    if (provider.refresh === undefined) return;
    const before = await login(provider, fetch);
    const after = await refresh(provider, before, fetch);
    check(after.accessToken !== before.accessToken, 'the access token is the same as before');
    if (after.refreshToken) await refresh(provider, { ...before, ...after }, fetch);
  },

  'a refused password is invalid_credentials': async ({ refused, fetch, secrets }) => {
    const error = await failureOf('login', () => login(refused, fetch), secrets);
    same(
      [error.code, error.delivery, error.phase],
      ['invalid_credentials', 'answered', 'login'],
      'the error',
    );
  },

  'a refused refresh token is refresh_refused': async ({ provider, fetch, secrets }) => {
    if (provider.refresh === undefined) return;
    const issued = await login(provider, fetch);
    const forged = { ...issued, refreshToken: 'never-issued' };
    const error = await failureOf('refresh', () => refresh(provider, forged, fetch), secrets);
    same([error.code, error.delivery, error.phase], ['refresh_refused', 'answered', 'refresh'], 'the error');
  },

  '429 is rate_limited, with the pause the server asked for': async (fixture) => {
    await forEachPhase(fixture, async (phase, run) => {
      const { fetch, calls } = counted(
        async () => new Response('slow down', { status: 429, headers: { 'retry-after': '7' } }),
      );
      const error = await failureOf(phase, () => run(fetch), fixture.secrets);
      same([error.code, error.retryAfterMs], ['rate_limited', 7_000], 'the error');
      same(calls.length, 1, 'requests');
    });
  },

  'after a broken connection nothing is sent again, and the delivery is unknown': async (fixture) => {
    await forEachPhase(fixture, async (phase, run) => {
      const { fetch, calls } = counted(async () => {
        throw networkError('ECONNRESET');
      });
      const error = await failureOf(phase, () => run(fetch), fixture.secrets);
      same([error.code, error.delivery], ['network', 'unknown'], 'the error');
      same(calls.length, 1, 'requests');
    });
  },

  'a connection that was never established means that nothing was sent': async (fixture) => {
    await forEachPhase(fixture, async (phase, run) => {
      const { fetch } = counted(async () => {
        throw networkError('ECONNREFUSED');
      });
      const error = await failureOf(phase, () => run(fetch), fixture.secrets);
      same([error.code, error.delivery], ['network', 'not_sent'], 'the error');
    });
  },

  'credentials go to the issuer, in body or headers, never in a URL': async (fixture) => {
    const { fetch, calls } = counted(fixture.fetch);
    const issued = await login(fixture.provider, fetch);
    if (fixture.provider.refresh !== undefined) await refresh(fixture.provider, issued, fetch);
    check(calls.length > 0, 'nothing was sent');
    checkUrls(calls, fixture.secrets, issued);
    checkOrigins(calls, fixture);
  },

  'an exchange ends when its signal aborts': async (fixture) => {
    await forEachPhase(fixture, async (_, run) => {
      const controller = new AbortController();
      const { fetch } = counted(
        (input, init) =>
          new Promise((_resolve, reject) => {
            const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
            signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
            controller.abort(new Error('the deadline'));
          }),
      );
      const ended = run(fetch, controller.signal).then(
        () => 'resolved',
        () => 'rejected',
      );
      const outcome = await Promise.race([ended, resolveAfter(1_000, 'pending a second later')]);
      same(outcome, 'rejected', 'an exchange whose signal aborts');
    });
  },
};

/** Answers that neither issue tokens nor refuse. */
const unclear: readonly { readonly what: string; readonly answer: () => Response }[] = [
  { what: 'an HTML page with 200', answer: () => page(200) },
  { what: 'an empty 204', answer: () => new Response(null, { status: 204 }) },
  {
    what: 'JSON cut short',
    answer: () => new Response('{"access_token": "abc', { status: 200, headers: jsonType }),
  },
  { what: 'JSON without a token', answer: () => Response.json({ hello: 'world' }) },
  { what: 'a list', answer: () => Response.json([1, 2, 3]) },
  { what: '500', answer: () => Response.json({ error: 'server_error' }, { status: 500 }) },
  { what: "502 with a gateway's page", answer: () => page(502) },
  { what: "403 with a challenge's page", answer: () => page(403) },
  { what: "401 with a proxy's page", answer: () => page(401) },
  { what: 'a bare 400', answer: () => new Response('Bad Request', { status: 400 }) },
  { what: '404', answer: () => new Response('Not Found', { status: 404 }) },
  {
    what: 'a redirect',
    answer: () => new Response(null, { status: 307, headers: { location: 'https://elsewhere.example/' } }),
  },
  { what: 'two megabytes', answer: () => new Response('x'.repeat(2 * 1024 * 1024), { status: 200 }) },
];

/** Each of these answers by itself. */
export const unclearAnswerPromises: ProviderPromises = Object.fromEntries(
  unclear.map(({ what, answer }) => [
    `${what} is neither a token nor a refusal`,
    async (fixture: ProviderFixture) => {
      await forEachPhase(fixture, async (phase, run) => {
        const { fetch, calls } = counted(async () => answer());
        const error = await failureOf(phase, () => run(fetch), fixture.secrets);
        check(
          !['invalid_credentials', 'refresh_refused', 'rate_limited'].includes(error.code),
          `got ${error.code}`,
        );
        check(error.delivery !== 'not_sent', 'an answer came, so the request was sent');
        same(calls.length, 1, 'requests');
      });
    },
  ]),
);

function resolveAfter<Value>(delayMs: number, value: Value): Promise<Value> {
  return new Promise((resolve) => setTimeout(resolve, delayMs, value));
}
