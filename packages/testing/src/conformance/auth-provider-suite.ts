import {
  type AuthError,
  type AuthProvider,
  type AuthSession,
  createAuthSession,
  type FetchLike,
  type MaybePromise,
} from '@auth/core';
import {
  checkUrls,
  counted,
  failureOf,
  forEachPhase,
  isRefusal,
  jsonType,
  login,
  networkError,
  page,
  refresh,
  tokenSetOf,
} from './provider-trial.js';
import { check, same, type TestFunction } from './test-function.js';

/** A provider and the server it talks to. */
export interface ProviderFixture<Extra = Record<string, unknown>> {
  /** A provider with credentials that the server accepts. */
  readonly provider: AuthProvider<Extra>;
  /** The same provider with a password that the server refuses. */
  readonly refused: AuthProvider<Extra>;
  /** Reaches the server. */
  readonly fetch: FetchLike;
  /** Passwords and client secrets of both providers: none may appear in an error or a URL. */
  readonly secrets: readonly string[];
  /**
   * Answers of the API that refuse the token, such as one that `fetch` got from a login page, with its `url` and `redirected`.
   * Default: a bare 401.
   */
  readonly refusals?: readonly Response[];
  /** A URL of the API that takes a living token: it shows that the token goes where the API looks for it. */
  readonly apiUrl?: string;
  /** For how long the server says that a token lives, in milliseconds: it shows that the provider reads that. */
  readonly lifeMs?: number;
}

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

/**
 * Tests what the session relies on in every provider, one test per guarantee. If the provider can refresh, its refresh
 * is tested like its login.
 *
 * @param createProvider called once per test
 */
export function authProviderSuite<Extra>(
  test: TestFunction,
  createProvider: () => MaybePromise<ProviderFixture<Extra>>,
): void {
  const guarantee = (name: string, verify: (fixture: ProviderFixture<Extra>) => Promise<void>): void => {
    test(`auth provider: ${name}`, async () => verify(await createProvider()));
  };

  guarantee('it says who it is, and no secret', async ({ provider, secrets }) => {
    check(provider.name !== '', 'name is empty');
    const issuer = new URL(provider.issuer);
    same([issuer.username, issuer.password, issuer.search, issuer.hash], ['', '', '', ''], 'parts of issuer');
    for (const secret of secrets) check(!provider.account.includes(secret), 'account holds a secret');
    for (const origin of provider.allowedOrigins) {
      const sample = origin.replace('://*.', '://label.');
      same(new URL(sample).origin, sample, 'an allowed origin');
    }
  });

  guarantee(
    'a session opens on it, unless it sends cookies where no program may',
    async ({ provider, fetch }) => {
      const isForbidden = writesForbiddenCookies(provider);
      try {
        openOn(provider, fetch).dispose();
      } catch (error) {
        if (!isForbidden) throw error;
        const { code, detail = '' } = error as AuthError;
        same([code, detail.includes('cookie')], ['invalid_options', true], 'the error');
        return;
      }
      check(!isForbidden, 'a session opens whose cookies are dropped without a word');
    },
  );

  guarantee('the secrets of its client are among those of a login', async ({ provider }) => {
    const secrets = (await provider.clientSecrets?.()) ?? [];
    for (const secret of secrets) {
      check(typeof secret === 'string' && secret !== '', 'a client secret is no text');
      check(!provider.account.includes(secret), 'account holds a client secret');
    }
    const prepared = await provider.prepareLogin?.();
    for (const secret of secrets)
      check(prepared?.secrets.includes(secret) === true, 'a login does not name a client secret');
  });

  guarantee('a one-time code is no secret of a login, and is asked for at each attempt', async (fixture) => {
    const { provider } = fixture;
    const [first, second] = [await provider.prepareLogin?.(), await provider.prepareLogin?.()];
    same(second?.secrets, first?.secrets, 'the secrets of two logins with one password');
    if (first?.oneTimeCode !== true) return;
    const bodies: string[] = [];
    const context = {
      signal: new AbortController().signal,
      fetch: async (input: string | URL | Request, init?: RequestInit) => {
        const sent = new Request(input, init);
        bodies.push(await sent.clone().text());
        return fixture.fetch(sent);
      },
    };
    for (let attempt = 0; attempt < 2; attempt++) await first.login(context);
    check(bodies[0] !== bodies[1], 'two attempts sent the same code');
  });

  guarantee('the token goes into the headers that it declares', async ({ provider, fetch }) => {
    const declared = (provider.tokenHeaders ?? ['authorization']).map((name) => name.toLowerCase());
    if (provider.authorize === undefined) {
      same(declared, ['authorization'], 'tokenHeaders, where no authorize writes others');
      return;
    }
    const headers = new Headers({ accept: 'text/plain' });
    provider.authorize(headers, tokenSetOf(await login(provider, fetch)));
    headers.delete('accept');
    check(headers.keys().next().done !== true, 'no header carries the token');
    for (const name of headers.keys()) check(declared.includes(name), `tokenHeaders does not name ${name}`);
  });

  guarantee('a refusal of the API is told from its other answers', async ({ provider, refusals }) => {
    for (const refusal of refusals ?? [new Response('no', { status: 401 })])
      check(
        await isRefusal(provider, refusal),
        `${refusal.status} is taken for no refusal by isTokenRejected or isBodyRejected: give \`refusals\` as the API has them`,
      );
    for (const other of [Response.json({ hello: 'world' }), new Response('gone', { status: 404 }), page(503)])
      check(!(await isRefusal(provider, other)), `${other.status} is taken for a refusal`);
  });

  guarantee('hosts that it learns at the login are within its patterns', async ({ provider, fetch }) => {
    if (provider.originsOf === undefined) return;
    const learnt = provider.originsOf(tokenSetOf(await login(provider, fetch)));
    check(learnt.length > 0, 'no host is learnt');
    for (const origin of learnt) {
      const { protocol, host, origin: exact } = new URL(origin);
      same(protocol, 'https:', 'the protocol of a learnt host');
      const pattern = `https://*${host.slice(host.indexOf('.'))}`;
      const isWithin = [exact, pattern].some((each) => provider.allowedOrigins.includes(each));
      check(isWithin, 'allowedOrigins has no pattern for a learnt host');
    }
  });

  guarantee('a set can be revoked, if the provider can', async ({ provider, fetch, secrets }) => {
    if (provider.revoke === undefined) return;
    const counting = counted(fetch);
    const tokens = tokenSetOf(await login(provider, fetch));
    await provider.revoke(tokens, { fetch: counting.fetch, signal: new AbortController().signal });
    check(counting.calls.length > 0, 'nothing was sent');
    checkUrls(counting.calls, secrets, tokens);
  });

  guarantee('a login brings a token', async ({ provider, fetch }) => {
    const issued = await login(provider, fetch);
    check(/^[\x21-\x7e]+$/.test(issued.accessToken), 'the access token is not visible ASCII');
    check(issued.expiresInMs === undefined || issued.expiresInMs > 0, 'a lifetime is not above 0');
  });

  guarantee('the life of a token is the one that is given', async ({ provider, fetch, lifeMs }) => {
    if (lifeMs === undefined || writesForbiddenCookies(provider)) return;
    using session = openOn(provider, fetch);
    const { expiresAt } = await session.getTokens();
    const leftMs = expiresAt === undefined ? 'no end' : expiresAt - Date.now();
    const isNear = leftMs !== 'no end' && Math.abs(leftMs - lifeMs) < 10_000;
    check(isNear, `the provider finds ${leftMs}, not ${lifeMs} ms`);
  });

  guarantee('the API takes the token', async ({ provider, fetch, apiUrl }) => {
    if (apiUrl === undefined || writesForbiddenCookies(provider)) return;
    const isTaken = async (answer: Response): Promise<boolean> =>
      answer.ok && !(await isRefusal(provider, answer));
    check(
      !(await isTaken(await fetch(apiUrl))),
      'apiUrl answers without a token too: give one that needs it, or if it refuses by its body, set isBodyRejected',
    );
    using session = openOn(provider, fetch, new URL(apiUrl).origin);
    const answer = await session.fetch(apiUrl);
    const question = 'does authorize write the token where the API looks for it?';
    check(await isTaken(answer), `it answers ${answer.status}: ${question}`);
  });

  guarantee('a refresh, if the provider has one, issues another token', async ({ provider, fetch }) => {
    if (provider.refresh === undefined) return;
    const before = await login(provider, fetch);
    const after = await refresh(provider, before, fetch);
    check(after.accessToken !== before.accessToken, 'the access token is the same as before');
    if (after.refreshToken) await refresh(provider, { ...before, ...after }, fetch);
  });

  guarantee('a refused password is invalid_credentials', async ({ refused, fetch, secrets }) => {
    const error = await failureOf('login', () => login(refused, fetch), secrets);
    same(
      [error.code, error.delivery, error.phase],
      ['invalid_credentials', 'answered', 'login'],
      'the error',
    );
  });

  guarantee('a refused refresh token is refresh_refused', async ({ provider, fetch, secrets }) => {
    if (provider.refresh === undefined) return;
    const issued = await login(provider, fetch);
    const forged = { ...issued, refreshToken: 'never-issued' };
    const error = await failureOf('refresh', () => refresh(provider, forged, fetch), secrets);
    same([error.code, error.delivery, error.phase], ['refresh_refused', 'answered', 'refresh'], 'the error');
  });

  for (const { what, answer } of unclear) {
    guarantee(`${what} is neither a token nor a refusal`, async (fixture) => {
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
    });
  }

  guarantee('429 is rate_limited, with the pause the server asked for', async (fixture) => {
    await forEachPhase(fixture, async (phase, run) => {
      const { fetch, calls } = counted(
        async () => new Response('slow down', { status: 429, headers: { 'retry-after': '7' } }),
      );
      const error = await failureOf(phase, () => run(fetch), fixture.secrets);
      same([error.code, error.retryAfterMs], ['rate_limited', 7_000], 'the error');
      same(calls.length, 1, 'requests');
    });
  });

  guarantee(
    'after a broken connection nothing is sent again, and the delivery is unknown',
    async (fixture) => {
      await forEachPhase(fixture, async (phase, run) => {
        const { fetch, calls } = counted(async () => {
          throw networkError('ECONNRESET');
        });
        const error = await failureOf(phase, () => run(fetch), fixture.secrets);
        same([error.code, error.delivery], ['network', 'unknown'], 'the error');
        same(calls.length, 1, 'requests');
      });
    },
  );

  guarantee('a connection that was never established means that nothing was sent', async (fixture) => {
    await forEachPhase(fixture, async (phase, run) => {
      const { fetch } = counted(async () => {
        throw networkError('ECONNREFUSED');
      });
      const error = await failureOf(phase, () => run(fetch), fixture.secrets);
      same([error.code, error.delivery], ['network', 'not_sent'], 'the error');
    });
  });

  guarantee('credentials go to the issuer, in body or headers, never in a URL', async (fixture) => {
    const { fetch, calls } = counted(fixture.fetch);
    const issued = await login(fixture.provider, fetch);
    if (fixture.provider.refresh !== undefined) await refresh(fixture.provider, issued, fetch);
    check(calls.length > 0, 'nothing was sent');
    checkUrls(calls, fixture.secrets, issued);
  });

  guarantee('an exchange ends when its signal aborts', async (fixture) => {
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
  });
}

/** A session without timers, on servers that may be on plain http. */
function openOn<Extra>(provider: AuthProvider<Extra>, fetch: FetchLike, api?: string): AuthSession<Extra> {
  const servers = [provider.issuer, ...(api === undefined ? [] : [api])];
  const allowInsecureOrigins = servers.map((server) => new URL(server).origin);
  return createAuthSession(provider, { fetch, scheduler: null, allowInsecureOrigins });
}

/** Whether it sends cookies, and this is a browser, where no program may. */
function writesForbiddenCookies({ tokenHeaders = [] }: AuthProvider<unknown>): boolean {
  const trial = new Request('https://api.example.com', { headers: { cookie: 'a=1' } });
  return tokenHeaders.some((name) => name.toLowerCase() === 'cookie') && !trial.headers.has('cookie');
}

function resolveAfter<Value>(delayMs: number, value: Value): Promise<Value> {
  return new Promise((resolve) => setTimeout(resolve, delayMs, value));
}
