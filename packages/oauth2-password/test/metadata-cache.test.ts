import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { metadataOf } from '../src/discovery.js';
import { createOAuth2PasswordAuth } from '../src/index.js';

const issuer = 'https://auth.example.com';
const hour = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});
afterEach(() => vi.useRealTimers());

/** A server, and sessions over one transport. */
function scene(tokenEndpoint = `${issuer}/token`) {
  const server = { asked: 0, isAway: false, isSilent: false, tokenEndpoint, logins: [] as string[] };
  const fetch = async (input: string | URL | Request): Promise<Response> => {
    const url = String(input);
    if (!url.includes('/.well-known/')) {
      server.logins.push(url);
      return Response.json({ access_token: `a${server.logins.length}`, expires_in: 60 });
    }
    server.asked++;
    if (server.isSilent) return new Promise(() => {});
    if (server.isAway) return new Response('', { status: 503 });
    return Response.json({ issuer, token_endpoint: server.tokenEndpoint });
  };
  const open = (username: string) =>
    createOAuth2PasswordAuth({ issuer, username, password: 'pw', fetch, scheduler: null });
  return { server, open };
}

test('accounts that come at once share one question', async () => {
  const { server, open } = scene();
  await Promise.all(['ada', 'bob', 'cyd'].map((name) => open(name).getTokens()));
  expect(server).toMatchObject({ asked: 1, logins: { length: 3 } });
});

test('what was said over one transport counts for no other', async () => {
  const [one, other] = [scene('https://elsewhere.example.net/token'), scene()];
  await one.open('ada').getTokens();
  await other.open('ada').getTokens();
  expect(other.server.logins).toEqual([`${issuer}/token`]);
});

test('it is asked for anew after an hour, and stands where that fails', async () => {
  const { server, open } = scene();
  const session = open('ada');
  await session.getTokens();
  await vi.advanceTimersByTimeAsync(hour);
  server.isAway = true;
  expect((await session.getTokens()).accessToken).toBe('a2');
  expect(server.asked).toBe(2);
  server.isAway = false;
  server.tokenEndpoint = `${issuer}/moved`;
  await vi.advanceTimersByTimeAsync(hour / 30);
  await session.getTokens();
  expect(server.logins).toEqual([`${issuer}/token`, `${issuer}/token`, `${issuer}/moved`]);
});

test('an issuer that does not answer is not waited for as long as an exchange', async () => {
  const { server, open } = scene();
  server.isSilent = true;
  const refused = expect(open('ada').getTokens()).rejects.toMatchObject({
    code: 'timeout',
    delivery: 'not_sent',
    url: `${issuer}/.well-known/openid-configuration`,
  });
  await vi.advanceTimersByTimeAsync(5_000);
  await refused;
});

test('a caller whose exchange is over waits no longer, and the question goes on for others', async () => {
  const answered = Promise.withResolvers<Response>();
  const asking = { fetch: () => answered.promise };
  const over = new AbortController();
  const cache = new Map();
  const given = metadataOf(issuer, cache, { ...asking, signal: over.signal });
  const other = metadataOf(issuer, cache, { ...asking, signal: new AbortController().signal });
  over.abort(new Error('over'));
  await expect(given).rejects.toThrow('over');
  answered.resolve(Response.json({ issuer, token_endpoint: `${issuer}/token` }));
  expect(await other).toMatchObject({ tokenEndpoint: `${issuer}/token` });
});
