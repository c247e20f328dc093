import type { AuthError } from '@auth/core';
import { openOn, type ProviderPromises, writesForbiddenCookies } from './provider-fixture.js';
import { checkUrls, counted, isRefusal, login, page, tokenSetOf } from './provider-trial.js';
import { check, same } from './test-function.js';

/** What a provider says of itself, and how it meets the API. */
export const promisesOfItself: ProviderPromises = {
  'it says who it is, and no secret': async ({ provider, secrets }) => {
    check(provider.name !== '', 'name is empty');
    const issuer = new URL(provider.issuer);
    same([issuer.username, issuer.password, issuer.search, issuer.hash], ['', '', '', ''], 'parts of issuer');
    for (const secret of secrets) check(!provider.account.includes(secret), 'account holds a secret');
    for (const origin of provider.allowedOrigins) {
      const sample = origin.replace('://*.', '://label.');
      same(new URL(sample).origin, sample, 'an allowed origin');
    }
  },

  'a session opens on it, unless it sends cookies where no program may': async ({ provider, fetch }) => {
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

  'the secrets of its client are among those of a login': async ({ provider }) => {
    const secrets = (await provider.clientSecrets?.()) ?? [];
    for (const secret of secrets) {
      check(typeof secret === 'string' && secret !== '', 'a client secret is no text');
      check(!provider.account.includes(secret), 'account holds a client secret');
    }
    const prepared = await provider.prepareLogin?.();
    for (const secret of secrets)
      check(prepared?.secrets.includes(secret) === true, 'a login does not name a client secret');
  },

  'a one-time code is no secret of a login, and is asked for at each attempt': async (fixture) => {
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
  },

  'the token goes into the headers that it declares': async ({ provider, fetch }) => {
    const declared = (provider.tokenHeaders ?? ['authorization']).map((name) => name.toLowerCase());
    if (provider.authorize === undefined) {
      same(declared, ['authorization'], 'tokenHeaders, where no authorize writes others');
      return;
    }
    const tokens = tokenSetOf(await login(provider, fetch));
    const writtenFor = (accessToken: string): [string, string][] => {
      const headers = new Headers({ accept: 'text/plain' });
      provider.authorize?.(headers, { ...tokens, accessToken });
      headers.delete('accept');
      return [...headers];
    };
    const written = writtenFor(tokens.accessToken);
    check(written.length > 0, 'no header carries the token');
    for (const [name] of written) check(declared.includes(name), `tokenHeaders does not name ${name}`);
    const ofAnother = writtenFor(`${tokens.accessToken}x`);
    check(
      JSON.stringify(written) !== JSON.stringify(ofAnother),
      'the headers do not tell one token from another',
    );
  },

  'a refusal of the API is told from its other answers': async ({ provider, refusals }) => {
    for (const refusal of refusals ?? [new Response('no', { status: 401 })])
      check(
        await isRefusal(provider, refusal),
        `${refusal.status} is taken for no refusal by isTokenRejected or isBodyRejected: give \`refusals\` as the API has them`,
      );
    for (const other of [Response.json({ hello: 'world' }), new Response('gone', { status: 404 }), page(503)])
      check(!(await isRefusal(provider, other)), `${other.status} is taken for a refusal`);
  },

  'hosts that it learns at the login are within its patterns': async ({ provider, fetch }) => {
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
  },

  'a set can be revoked, if the provider can': async ({ provider, fetch, secrets }) => {
    if (provider.revoke === undefined) return;
    const counting = counted(fetch);
    const tokens = tokenSetOf(await login(provider, fetch));
    await provider.revoke(tokens, { fetch: counting.fetch, signal: new AbortController().signal });
    check(counting.calls.length > 0, 'nothing was sent');
    checkUrls(counting.calls, secrets, tokens);
  },

  'the API takes the token': async ({ provider, fetch, apiUrl }) => {
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
  },
};
