import { AuthError } from '@auth/core';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { Scene } from './support/scene.js';
import { jwtLogin, passwordRefresh, vendors } from './support/vendors.js';

hashQuickly();

describe.each(vendors)('concurrency: $name', (vendor) => {
  const again = vendor.refreshes ? 'refresh issued' : 'login issued';

  test('fifty callers of an expired token share one exchange and its result', {
    tags: ['fault-1'],
  }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    await scene.expire();
    const sets = await scene.run(Promise.all(Array.from({ length: 50 }, () => session.getTokens())));
    expect(new Set(sets).size).toBe(1);
    expect(scene.calls).toEqual(['login issued', again]);
  });

  test('a late 401 for an old token is answered with the current one, without an exchange', {
    tags: ['fault-5'],
  }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    const old = await session.getTokens();
    await session.getTokens({ forceRefresh: true });
    const late = await session.tokenRejected(old, {
      status: 401,
      headers: new Headers(),
      url: 'https://api.example.com/',
    });
    expect(late).toEqual(session.peek());
    expect(scene.calls).toEqual(['login issued', again]);
  });

  test('timer, 401 and caller share one flight', { tags: ['fault-11'] }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open({ scheduler: undefined, keepAlive: true });
    const sent = await session.getTokens();
    scene.server.set({ delayBeforeCommitMs: 2_000 });
    // The timer's flight is under way when the other calls come.
    await scene.clock.advance(0.8 * ((sent.expiresAt as number) - sent.issuedAt) + 1_000);
    scene.server.expireTokens();
    const calls = [
      session.getTokens({ forceRefresh: true }),
      session.tokenRejected(sent, { status: 401, headers: new Headers(), url: 'https://api.example.com/' }),
      session.fetch(scene.server.apiUrl),
    ];
    await scene.run(Promise.all(calls));
    expect(scene.calls).toEqual(['login issued', again]);
    session.dispose();
  });
});

test('the loser of a race, refused after the winner saved, adopts the saved set and deletes nothing', {
  tags: ['fault-3'],
}, async () => {
  const scene = new Scene(passwordRefresh);
  const store = scene.store();
  // Two processes, each with its own store object on the same records.
  const [winner, loser] = [scene.open({ store: { ...store } }), scene.open({ store: { ...store } })];
  await winner.getTokens();
  await loser.getTokens();
  await scene.expire();
  scene.server.set({ delayBeforeCommitMs: 100 });
  const [left, right] = await scene.run(Promise.all([winner.getAccessToken(), loser.getAccessToken()]));
  expect(left).toBe(right);
  expect(scene.calls).toEqual(['login issued', 'refresh issued', 'refresh reused']);
  expect(await winner.getAccessToken()).toBe(left);
});

test('a refusal deletes only the very record that failed', { tags: ['fault-4'] }, async () => {
  const scene = new Scene(passwordRefresh);
  const store = scene.store();
  const username = 'bob@example.com';
  scene.server.addAccount(username, 'bobs-password');
  const ada = scene.open({ store: { ...store }, password: undefined as never });
  const bob = scene.open({ store: { ...store }, username, password: 'bobs-password' });
  await ada.signIn({ password: 'correct-horse' });
  const before = await bob.getTokens();
  scene.server.set({ delayBeforeCommitMs: 0 });
  await scene.expire();
  const successor = scene.open({ store: { ...store } });
  await successor.getTokens();
  // Ada's first session holds the spent set: it is refused, and must not touch the newer set or Bob's.
  expect(await scene.run(ada.getAccessToken())).toBe(await successor.getAccessToken());
  expect(bob.peek()).toBe(before);
  await bob.getTokens();
  expect(scene.ledger.logins).toBe(2);
});

test('a session with an old set reads the store before it refreshes, and adopts the newer set', {
  tags: ['fault-6'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const store = scene.store();
  const [left, right] = [scene.open({ store: { ...store } }), scene.open({ store: { ...store } })];
  await left.getTokens();
  await right.getTokens();
  await scene.expire();
  const token = await left.getAccessToken();
  expect(await right.getAccessToken()).toBe(token);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
});

test('if the first caller aborts during a shared exchange, only that caller rejects', {
  tags: ['fault-7'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open();
  scene.server.set({ delayAfterCommitMs: 1_000 });
  const controller = new AbortController();
  const first = session.getTokens({ signal: controller.signal });
  const second = session.getAccessToken();
  const aborted = expect(first).rejects.toThrow('gone');
  await scene.clock.advance(500);
  controller.abort(new Error('gone'));
  await aborted;
  expect(await scene.run(second)).toBe(session.peek()?.accessToken);
  expect(scene.calls).toEqual(['login issued']);
});

test('a listener that calls the session during an exchange causes no deadlock', {
  tags: ['fault-8'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open();
  const inner: Promise<string>[] = [];
  session.subscribe(() =>
    inner.push(session.getAccessToken(), session.getAccessToken({ forceRefresh: true })),
  );
  const token = await scene.run(session.getAccessToken());
  expect((await scene.run(Promise.all(inner))).length).toBeGreaterThan(0);
  expect(token).toBeTypeOf('string');
  session.dispose();
});

test('the exchange does not pass through the authenticated fetch', { tags: ['fault-9'] }, async () => {
  const scene = new Scene(jwtLogin);
  const outer = scene.open();
  // The program passes the session's own fetch to everything, including the session.
  let authenticated: typeof fetch | undefined;
  const session = scene.open({
    username: 'bob',
    password: 'x',
    fetch: (input, init) => (authenticated ?? scene.emulator.fetch)(input, init),
  });
  authenticated = session.fetch;
  expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'timeout' });
  await outer.getTokens();
  expect(scene.ledger.entries.every(({ account }) => account === 'ada@example.com')).toBe(true);
  session.dispose();
});

test('an error from another session’s fetch does not count as our server’s refusal', {
  tags: ['fault-9'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open({
    fetch: async () => {
      throw new AuthError('invalid_credentials', { provider: 'a proxy' });
    },
  });
  expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'network' });
  expect(await session.status()).not.toHaveProperty('blockedAt');
});

test('every waiter rejects when the exchange fails', { tags: ['fault-10'] }, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open();
  scene.server.answerNext({ status: 500 });
  const waiters = Array.from({ length: 50 }, () =>
    session.getTokens().catch((error: AuthError) => error.code),
  );
  expect(new Set(await scene.run(Promise.all(waiters)))).toEqual(new Set(['server_unavailable']));
  expect(scene.calls).toEqual(['login scripted']);
});

test('state is kept per key, so one account’s pause delays no other account', {
  tags: ['fault-17'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const store = scene.store();
  scene.server.addAccount('bob', 'bobs-password');
  const ada = scene.open({ store });
  const bob = scene.open({ store, username: 'bob', password: 'bobs-password' });
  scene.server.answerNext({ status: 429, headers: { 'retry-after': '600' } });
  expect(await scene.failure(ada.getTokens())).toMatchObject({ code: 'rate_limited' });
  expect(await bob.getAccessToken()).toBeTypeOf('string');
  expect(await scene.failure(ada.getTokens())).toMatchObject({ code: 'rate_limited' });
});
