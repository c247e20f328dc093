import { expect, test } from 'vitest';
import { hour, minute, Scene } from './support/scene.js';
import { bearerLogin, jwtLogin, passwordRefresh, vendors } from './support/vendors.js';

test.each(vendors)(
  '$name: a client clock an hour ahead causes no refresh per call',
  { tags: ['fault-31'] },
  async (vendor) => {
    const scene = new Scene(vendor);
    scene.server.set({ clockOffsetMs: -hour });
    const session = scene.open();
    for (let call = 0; call < 10; call++) expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
    expect(scene.ledger.tokenCalls).toBe(1);
    expect(session.peek()?.refreshExpiresAt ?? Number.POSITIVE_INFINITY).toBeGreaterThan(scene.clock.now());
  },
);

test.each(vendors)(
  '$name: a client clock that is slow costs one refresh',
  { tags: ['fault-32'] },
  async (vendor) => {
    const scene = new Scene(vendor);
    const session = scene.open();
    await session.getTokens();
    // The server's time passes; ours stands still.
    scene.server.set({ clockOffsetMs: 11 * hour });
    for (let call = 0; call < 5; call++) expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
    expect(scene.ledger.tokenCalls).toBe(2);
  },
);

test('after sleep a call notices by the wall clock that the token has expired', {
  tags: ['fault-33'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open();
  await session.getTokens();
  scene.clock.jump(3 * hour);
  expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
  expect(scene.ledger.apiCallsRejected).toBe(0);
});

test('after sleep the timer notices within a minute that the token has expired', {
  tags: ['fault-33'],
}, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open({ scheduler: undefined });
  await session.getTokens();
  scene.clock.jump(3 * hour);
  await scene.clock.advance(minute);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
  session.dispose();
});

test('a clock that jumps back does not prolong a token’s life', { tags: ['fault-34'] }, async () => {
  const scene = new Scene(jwtLogin);
  const session = scene.open({ scheduler: undefined });
  await session.getTokens();
  scene.clock.jump(-2 * hour);
  await scene.clock.advance(0.95 * hour);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
  session.dispose();
});

test.each([10_000, 2_000])(
  'a life of %i ms is longer than its margin and causes no refresh per call',
  { tags: ['fault-35'] },
  async (lifetimeMs) => {
    const scene = new Scene(jwtLogin);
    scene.server.set({ accessTokenLifetimeMs: lifetimeMs });
    const session = scene.open();
    for (let call = 0; call < 20; call++) {
      expect((await session.fetch(scene.server.apiUrl)).status).toBe(200);
      await scene.clock.advance(lifetimeMs / 40);
    }
    expect(scene.ledger.tokenCalls).toBe(1);
  },
);

test('an endpoint that keeps returning the same nearly expired token causes no tight loop', {
  tags: ['fault-36'],
}, async () => {
  const scene = new Scene(passwordRefresh);
  scene.server.answerNext({
    times: 1_000,
    body: { access_token: 'same', refresh_token: 'same-too', expires_in: 1 },
  });
  const session = scene.open({ scheduler: undefined });
  for (let call = 0; call < 300; call++) {
    await session.getTokens();
    await scene.clock.advance(100);
  }
  expect(scene.ledger.tokenCalls).toBeLessThanOrEqual(32);
  session.dispose();
});

test('sessions of a fleet with the same expiry refresh at different times', {
  tags: ['fault-37'],
}, async () => {
  const scene = new Scene(jwtLogin);
  let state = 42;
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const fleet = Array.from({ length: 20 }, (_, index) => {
    scene.server.addAccount(`user-${index}`, 'x');
    return scene.open({ username: `user-${index}`, password: 'x', scheduler: undefined, random });
  });
  await Promise.all(fleet.map((session) => session.getTokens()));
  await scene.clock.advance(0.9 * hour);
  const instants = scene.ledger.entries.filter(({ endpoint }) => endpoint === 'refresh').map(({ at }) => at);
  expect(instants).toHaveLength(20);
  expect(Math.max(...instants) - Math.min(...instants)).toBeGreaterThan(3 * minute);
  for (const session of fleet) session.dispose();
});

test('a date without an offset is read as UTC', { tags: ['fault-38'] }, async () => {
  const scene = new Scene(bearerLogin);
  const until = new Date(scene.clock.now() + 2 * hour).toISOString().slice(0, 19);
  scene.server.answerNext({
    body: {
      success: true,
      token: 'a',
      tokenExpiration: until,
      refreshToken: 'r',
      refreshTokenExpiration: until,
    },
  });
  const tokens = await scene.open().getTokens();
  expect(tokens.expiresAt).toBe(scene.clock.now() + 2 * hour);
  expect(tokens.refreshExpiresAt).toBe(scene.clock.now() + 2 * hour);
});

test.each(vendors)(
  '$name: after a slow answer the life counts from when the request was sent',
  { tags: ['fault-39'] },
  async (vendor) => {
    const scene = new Scene(vendor);
    scene.server.set({ delayAfterCommitMs: 9_000 });
    const sentAt = scene.clock.now();
    const tokens = await scene.run(scene.open().getTokens());
    expect(scene.clock.now()).toBe(sentAt + 9_000);
    expect(tokens.issuedAt).toBe(sentAt);
    expect(tokens.expiresAt).toBe(sentAt + scene.server.settings.accessTokenLifetimeMs);
  },
);

test('a life of thirty days overflows no timer', { tags: ['fault-83'] }, async () => {
  const scene = new Scene(jwtLogin);
  scene.server.set({ accessTokenLifetimeMs: 30 * 24 * hour });
  const session = scene.open({ scheduler: undefined });
  await session.getTokens();
  await scene.clock.advance(20 * 24 * hour);
  expect(scene.calls).toEqual(['login issued']);
  await scene.clock.advance(6 * 24 * hour);
  expect(scene.calls).toEqual(['login issued', 'refresh issued']);
  session.dispose();
});
