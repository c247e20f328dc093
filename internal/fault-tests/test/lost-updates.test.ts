import type { TokenStore } from '@auth/core';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { expect, test } from 'vitest';
import { hour, Scene } from './support/scene.js';
import { jwtLogin, passwordRefresh, vendors } from './support/vendors.js';

hashQuickly();

const refreshing = vendors.filter(({ refreshes }) => refreshes);

test.each(refreshing)(
  '$name: a rotation whose answer is lost causes a bounded resend, then one login for all',
  { tags: ['fault-18'] },
  async (vendor) => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    await scene.expire();
    scene.ledger.clear();
    scene.server.dropNext();
    const startedAt = scene.clock.monotonic();
    const tokens = await scene.run(Promise.all(Array.from({ length: 20 }, () => session.getAccessToken())));
    expect(new Set(tokens).size).toBe(1);
    expect(scene.calls).toEqual(['refresh issued', 'refresh reused', 'login issued']);
    expect(scene.clock.monotonic() - startedAt).toBeLessThan(5_000);
  },
);

test('without a password a lost rotation ends in reauthentication_required', {
  tags: ['fault-18'],
}, async () => {
  const scene = new Scene(passwordRefresh);
  const session = scene.open({ password: undefined as never });
  await session.signIn({ password: 'correct-horse' });
  await scene.expire();
  scene.server.dropNext();
  expect(await scene.failure(session.getTokens())).toMatchObject({
    code: 'reauthentication_required',
    retryable: false,
  });
});

/** A store whose writes fail when told to. */
function brittle(store: TokenStore): TokenStore & { fails: boolean } {
  return {
    fails: false,
    get: (key) => store.get(key),
    compareAndSet(key, expectedId, next) {
      if (this.fails) throw Object.assign(new Error('disk'), { code: 'EROFS' });
      return store.compareAndSet(key, expectedId, next);
    },
  };
}

test('if the save fails after rotation, the pair is kept, served and saved later, and an event says so', {
  tags: ['fault-19'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const store = brittle(scene.store());
  const session = scene.open({ store });
  await session.getTokens();
  await scene.expire();
  scene.server.set({ delayAfterCommitMs: 100 });
  const refreshed = session.getTokens();
  await scene.clock.advance(50);
  store.fails = true;
  const tokens = await scene.run(refreshed);
  expect(await session.getTokens()).toBe(tokens);
  expect(scene.events).toContainEqual(expect.objectContaining({ type: 'store_failed', reason: 'EROFS' }));
  store.fails = false;
  await scene.clock.advance(60_000);
  expect(scene.events).toContainEqual(
    expect.objectContaining({ type: 'store_recovered', tokenId: tokens.id }),
  );
  const restarted = scene.open({ store: { ...store } });
  expect((await restarted.getTokens()).id).toBe(tokens.id);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
});

test('an unwritable store is reported before it costs the next refresh token', {
  tags: ['fault-20'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const store = brittle(scene.store());
  const session = scene.open({ store });
  await session.getTokens();
  await scene.expire();
  store.fails = true;
  expect(await scene.failure(session.getTokens())).toMatchObject({ code: 'store_failed' });
  expect(scene.events).toContainEqual(
    expect.objectContaining({ type: 'store_failed', operation: 'compareAndSet' }),
  );
  expect(scene.calls).toEqual(['login issued']);
  store.fails = false;
  expect(await session.getAccessToken()).toBeTypeOf('string');
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
});

test('saving one account writes its own key only', { tags: ['fault-25'] }, async () => {
  const scene = new Scene(jwtLogin);
  const written: string[] = [];
  const inner = scene.store();
  const store: TokenStore = {
    get: (key) => inner.get(key),
    compareAndSet: (key, expectedId, next) => {
      written.push(key);
      return inner.compareAndSet(key, expectedId, next);
    },
  };
  scene.server.addAccount('bob', 'bobs-password');
  const [ada, bob] = [
    scene.open({ store, key: 'ada' }),
    scene.open({ store, key: 'bob', username: 'bob', password: 'bobs-password' }),
  ];
  await Promise.all([ada.getTokens(), bob.getTokens()]);
  written.length = 0;
  await ada.getTokens({ forceRefresh: true });
  expect(new Set(written)).toEqual(new Set(['ada']));
});

test('a sign-out during an exchange, or during its save, drops the result', {
  tags: ['fault-27'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open({ store: scene.store() });
  await session.getTokens();
  await scene.expire();
  scene.server.set({ delayAfterCommitMs: 1_000 });
  const failed = expect(session.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  await scene.clock.advance(500);
  await session.signOut();
  await scene.clock.advance(500);
  await failed;
  expect(session.peek()).toBeUndefined();
  expect(await session.status()).toMatchObject({ state: 'signed_out' });
});

test('a late failure of one account leaves the other untouched', { tags: ['fault-28'] }, async () => {
  const scene = new Scene(jwtLogin);
  const store = scene.store();
  scene.server.addAccount('bob', 'bobs-password');
  const ada = scene.open({ store, password: 'wrong' });
  const bob = scene.open({ store, username: 'bob', password: 'bobs-password' });
  scene.server.set({ delayAfterCommitMs: 1_000 });
  const failing = ada.getTokens().catch(({ code }) => code);
  await scene.clock.advance(500);
  const tokens = await scene.run(bob.getTokens());
  expect(await failing).toBe('invalid_credentials');
  expect(await bob.getTokens()).toBe(tokens);
  expect(await bob.status()).toMatchObject({ state: 'signed_in' });
});

test.each([
  ['omits it', { access_token: 'second', expires_in: 3600 }],
  ['sends null', { access_token: 'second', expires_in: 3600, refresh_token: null }],
  ['sends ""', { access_token: 'second', expires_in: 3600, refresh_token: '' }],
])('a refresh answer that %s keeps the old refresh token', { tags: ['fault-29'] }, async (_, body) => {
  const scene = new Scene(passwordRefresh);
  const session = scene.open();
  const { refreshToken } = await session.getTokens();
  scene.server.answerNext({ on: 'refresh', body });
  expect(await session.getTokens({ forceRefresh: true })).toMatchObject({
    accessToken: 'second',
    refreshToken,
  });
  await scene.clock.advance(2 * hour);
  await session.getTokens();
  expect(scene.calls).toEqual(['login issued', 'refresh scripted', 'refresh issued']);
});
