import { type AuthSession, isAuthError, memoryStore, type TokenRecord, type TokenStore } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createOAuth2PasswordAuth } from '@auth/oauth2-password';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Loopback } from './support/loopback.js';
import { account, client, startOAuth2Server } from './support/oauth2-server.js';
import { startOidcProvider } from './support/oidc-provider.js';

/** Lifetime of an access token, in seconds. */
const life = 2;

interface Case {
  readonly name: string;
  /** Whether a refresh token spent twice ends the whole session. */
  readonly detectsReuse: boolean;
  start(): Promise<Loopback & { readonly calls: string[] }>;
  open(
    origin: string,
    changes?: {
      password?: string;
      store?: TokenStore;
      key?: string;
      random?: () => number;
      scheduler?: null;
      initialTokens?: { accessToken: string; refreshToken: string };
    },
  ): AuthSession;
}

const asJoor = (origin: string, changes = {}): AuthSession =>
  createJoorAuth({
    baseUrl: `${origin}/auth/`,
    allowedOrigins: [origin],
    refresh: { tokenEndpoint: `${origin}/token` },
    ...client,
    ...account,
    ...changes,
  }) as AuthSession;

const discovered = (origin: string, changes = {}): AuthSession =>
  createOAuth2PasswordAuth({
    issuer: origin,
    // The server's metadata has Basic too, but this client is known to it by its other way.
    clientAuthentication: 'body',
    ...client,
    ...account,
    ...changes,
  }) as AuthSession;

const cases: readonly Case[] = [
  {
    name: '@auth/joor on @node-oauth/oauth2-server',
    detectsReuse: false,
    start: () => startOAuth2Server(life),
    open: asJoor,
  },
  {
    name: '@auth/jwt-login on @node-oauth/oauth2-server',
    detectsReuse: false,
    start: () => startOAuth2Server(life),
    open: (origin, changes) =>
      createJwtLoginAuth({
        baseUrl: origin,
        refreshMode: 'postman',
        clientId: client.clientId,
        ...account,
        ...changes,
      }) as AuthSession,
  },
  {
    name: '@auth/joor on oidc-provider',
    detectsReuse: true,
    start: () => startOidcProvider(life),
    open: asJoor,
  },
  {
    name: '@auth/oauth2-password on @node-oauth/oauth2-server',
    detectsReuse: false,
    start: () => startOAuth2Server(life),
    open: (origin, changes) =>
      createOAuth2PasswordAuth({
        tokenEndpoint: `${origin}/token`,
        clientAuthentication: 'body',
        ...client,
        ...account,
        ...changes,
      }) as AuthSession,
  },
  {
    name: '@auth/oauth2-password on oidc-provider, which it discovers',
    detectsReuse: true,
    start: () => startOidcProvider(life),
    open: discovered,
  },
];

describe.each(cases)('$name', ({ start, open, detectsReuse }) => {
  let server: Loopback & { readonly calls: string[] };
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => {
    server.calls.length = 0;
  });
  const pass = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  test('twenty callers log in once, refresh an expired token once, and the old refresh token is spent', async () => {
    // Without a timer, only callers make exchanges, however slow the machine is.
    const session = open(server.origin, { scheduler: null });
    const all = async (): Promise<number[]> =>
      Promise.all(
        Array.from({ length: 20 }, async () => (await session.fetch(`${server.origin}/orders`)).status),
      );
    expect(new Set(await all())).toEqual(new Set([200]));
    expect(server.calls).toEqual(['password 200']);
    const before = await session.getTokens();
    await pass(life * 1_000);
    expect(new Set(await all())).toEqual(new Set([200]));
    expect(server.calls).toEqual(['password 200', 'refresh_token 200']);
    expect((await session.getTokens()).refreshToken).not.toBe(before.refreshToken);
    const old = open(server.origin, {
      initialTokens: { accessToken: 'over', refreshToken: before.refreshToken as string },
      random: () => 0,
      scheduler: null,
    });
    await old.getTokens({ forceRefresh: true });
    expect(server.calls.slice(2)).toEqual(['refresh_token 400', 'password 200']);
    for (const each of [session, old]) each.dispose();
  });

  test('a refresh token that was used elsewhere is refused, and one login follows', async () => {
    const stores = [memoryStore(), memoryStore()] as const;
    const key = 'ada';
    // No pause before the login, which only a fleet needs.
    const random = (): number => 0;
    const first = open(server.origin, { store: stores[0], key, random, scheduler: null });
    await first.getTokens();
    // A second process with a copy of the first one's record.
    const record = (await stores[0].get(key)) as TokenRecord;
    await stores[1].compareAndSet(key, undefined, record);
    const second = open(server.origin, { store: stores[1], key, random, scheduler: null });
    await second.getTokens();
    await first.getTokens({ forceRefresh: true });
    const tokens = await second.getTokens({ forceRefresh: true });
    expect(server.calls).toEqual(['password 200', 'refresh_token 200', 'refresh_token 400', 'password 200']);
    expect((await second.fetch(`${server.origin}/orders`)).status).toBe(200);
    expect(tokens.refreshToken).toBeTypeOf('string');
    // With reuse detection the first session has lost its pair too.
    server.calls.length = 0;
    await first.getTokens({ forceRefresh: true });
    expect(server.calls).toEqual(
      detectsReuse ? ['refresh_token 400', 'password 200'] : ['refresh_token 200'],
    );
    expect((await first.fetch(`${server.origin}/orders`)).status).toBe(200);
    first.dispose();
    second.dispose();
  });

  test('a wrong password gives invalid_credentials, and is sent once', async () => {
    const session = open(server.origin, { password: 'not hers' });
    const codes: string[] = [];
    for (let attempt = 0; attempt < 3; attempt++) {
      await session
        .getTokens()
        .catch((error: unknown) => codes.push(isAuthError(error) ? error.code : String(error)));
    }
    expect(codes).toEqual(['invalid_credentials', 'login_blocked', 'login_blocked']);
    expect(server.calls).toHaveLength(1);
    session.dispose();
  });
});

test('a sign-out ends the session at oidc-provider', async () => {
  await using server = await startOidcProvider(life);
  using session = discovered(server.origin);
  const { refreshToken } = await session.getTokens();
  await session.signOut();
  expect(server.calls).toEqual(['password 200', '/token/revocation 200']);
  using thief = discovered(server.origin, {
    password: undefined,
    initialTokens: { accessToken: 'over', refreshToken },
  });
  await expect(thief.getTokens({ forceRefresh: true })).rejects.toMatchObject({
    code: 'reauthentication_required',
  });
});
