import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import {
  AuthError,
  type AuthProvider,
  type AuthSession,
  type AuthSessionOptions,
  createAuthSession,
  type TokenStore,
} from '../src/index.js';
import * as limits from '../src/limits.js';
import { FakeBackend } from './support/fake-backend.js';
import { ManualClock, settle } from './support/manual-clock.js';

/** Logins that wait for an answer, by account, in the order in which they were sent. */
const sent = new Map<string, { answer(): void; fail(): void }>();
let clock: ManualClock;
beforeEach(() => {
  sent.clear();
  clock = new ManualClock();
});
// The half of core that exchanges loads at the first need.
beforeAll(async () => {
  clock = new ManualClock();
  const first = open('first', ownStore()).getAccessToken();
  await vi.waitFor(() => expect(sent.size).toBe(1), { timeout: 10_000 });
  answerAll();
  await first;
});

function open(
  account: string,
  store: TokenStore,
  {
    issuer = 'https://login.example.com',
    vault = async () => 'password',
    ...options
  }: AuthSessionOptions & { issuer?: string; vault?: () => Promise<string> } = {},
): AuthSession {
  const login = (): Promise<{ accessToken: string; expiresInMs: number }> =>
    new Promise((resolve, reject) =>
      sent.set(account, {
        answer: () => resolve({ accessToken: `of-${account}`, expiresInMs: 3_600_000 }),
        fail: () => reject(new Error('broken')),
      }),
    );
  const provider: AuthProvider = {
    name: 'acme',
    issuer,
    account,
    allowedOrigins: [],
    prepareLogin: async () => ({ secrets: [await vault()], login }),
    refresh: () => Promise.reject(new AuthError('refresh_refused', { status: 401, delivery: 'answered' })),
  };
  return createAuthSession(provider, { store, clock, key: account, ...options });
}

const answerAll = (): void => {
  for (const [account, { answer }] of sent) {
    sent.delete(account);
    answer();
  }
};

const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `account-${index}`);

/** A store for one account: no other holds the lease. */
const ownStore = (): TokenStore => new FakeBackend().open({ lock: true });

test('accounts that come at once exchange so many at a time, and all get their token', async () => {
  const all = names(3 * limits.exchangesAtOnce);
  const tokens = Promise.all(all.map((name) => open(name, ownStore()).getAccessToken()));
  for (let round = 0; round < 3; round++) {
    await settle();
    expect(sent.size).toBe(limits.exchangesAtOnce);
    answerAll();
  }
  expect(await tokens).toEqual(all.map((name) => `of-${name}`));
});

test('a turn ends with an exchange that fails', async () => {
  const all = names(limits.exchangesAtOnce + 1);
  const ends = all.map((name) => open(name, ownStore()).getAccessToken());
  await settle();
  expect(sent.has(all.at(-1) as string)).toBe(false);
  sent.get('account-7')?.fail();
  await expect(ends[7]).rejects.toMatchObject({ code: 'network' });
  await settle();
  sent.delete('account-7');
  expect(sent.has(all.at(-1) as string)).toBe(true);
  answerAll();
  await Promise.allSettled(ends);
});

test('other issuers, and a person who signs in, wait for none of them', async () => {
  const ends = names(2 * limits.exchangesAtOnce).map((name) => open(name, ownStore()).getAccessToken());
  await settle();
  const elsewhere = open('elsewhere', ownStore(), { issuer: 'https://login.example.org' }).getAccessToken();
  const person = open('person', ownStore()).signIn();
  await settle();
  expect([...sent.keys()]).toEqual(expect.arrayContaining(['elsewhere', 'person']));
  for (let round = 0; round < 2; round++) {
    answerAll();
    await settle();
  }
  await Promise.all([...ends, elsewhere, person]);
});

test('a turn is over after a second, so that a server that hangs for some holds up nobody else', async () => {
  const all = names(3 * limits.exchangesAtOnce);
  const ends = all.map((name) => open(name, ownStore()).getAccessToken());
  for (let seconds = 1; seconds <= 3; seconds++) {
    await settle();
    expect(sent.size).toBe(seconds * limits.exchangesAtOnce);
    await clock.advance(limits.turnMs);
  }
  answerAll();
  expect(await Promise.all(ends)).toHaveLength(all.length);
  expect(clock.timers).toBe(0);
});

test.each([
  ['getAccessToken', (inner: AuthSession) => inner.getAccessToken()],
  ['getTokens', async (inner: AuthSession) => (await inner.getTokens({ minValidMs: 1_000 })).accessToken],
])('logins that need the token of one account of the same issuer get it: %s', async (_, ask) => {
  const inner = open('inner', ownStore());
  const all = names(10 * limits.exchangesAtOnce);
  const ends = all.map((name) => open(name, ownStore(), { vault: () => ask(inner) }).getAccessToken());
  for (let waited = 0; !sent.has('inner') && waited < 10; waited++) await settle();
  expect([...sent.keys()]).toEqual(['inner']);
  while (sent.size > 0) {
    answerAll();
    await settle();
  }
  expect(await Promise.all(ends)).toHaveLength(all.length);
});

test('what the store has lost is written back without standing in line', async () => {
  const backend = new FakeBackend();
  const held = open('held', backend.open({ lock: true, subscribe: true, dataId: true }));
  const got = held.getAccessToken();
  await settle();
  answerAll();
  expect(await got).toBe('of-held');
  const ends = names(2 * limits.exchangesAtOnce).map((name) => open(name, ownStore()).getAccessToken());
  await settle();
  backend.loseData();
  await settle();
  expect(backend.envelope.tokens?.accessToken).toBe('of-held');
  for (let round = 0; round < 2; round++) {
    answerAll();
    await settle();
  }
  await Promise.all(ends);
});

test('an account that waits before its login gives way', async () => {
  const initialTokens = { accessToken: 'given', refreshToken: 'given', expiresInMs: 3_600_000 };
  const sessions = names(limits.exchangesAtOnce).map((name) =>
    open(name, ownStore(), { initialTokens, random: () => 0.9 }),
  );
  await Promise.all(sessions.map((session) => session.getTokens()));
  const refused = sessions.map((session) => session.getTokens({ forceRefresh: true }));
  await settle();
  const next = open('next', ownStore()).getAccessToken();
  await settle();
  expect([...sent.keys()]).toEqual(['next']);
  await clock.advance(limits.loginSpreadMs);
  answerAll();
  await Promise.all([...refused, next]);
});

test('who waits for a turn takes what another process saves, and asks for no lease', async () => {
  const backend = new FakeBackend();
  const shared = { lock: true, subscribe: true };
  const ends = names(limits.exchangesAtOnce).map((name) => open(name, ownStore()).getAccessToken());
  await settle();
  const waiting = open('shared', backend.open(shared)).getAccessToken();
  await settle();
  backend.calls = [];
  const theirs = open('shared', backend.open(shared), {
    issuer: 'https://login.example.org',
  }).getAccessToken();
  await settle();
  sent.get('shared')?.answer();
  expect(await waiting).toBe('of-shared');
  expect(await theirs).toBe('of-shared');
  expect(backend.calls.filter((call) => call === 'lock')).toHaveLength(1);
  // The turn that it no longer needs goes to the next.
  const next = open('next', ownStore()).getAccessToken();
  sent.delete('shared');
  answerAll();
  await settle();
  expect(sent.has('next')).toBe(true);
  answerAll();
  await Promise.all([...ends, next]);
});
