import { describe, expect, test } from 'vitest';
import { type AuthSession, createAuthSession, type Lease, type TokenStore } from '../src/index.js';
import { second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { neverSent } from './support/fake-server.js';
import { noTimers, Scene } from './support/scene.js';

/** Accounts on one issuer, whose server is away for all of them or for some. */
class Issuer {
  readonly scene: Scene = new Scene();
  readonly awayFor = new Set<number>();
  readonly attempts: number[] = [];
  isAway = false;
  failMs = 0;

  open(index: number, store = this.scene.memory()): AuthSession {
    const { server, clock } = this.scene;
    const login = async (): Promise<{ accessToken: string }> => {
      this.attempts[index] = (this.attempts[index] ?? 0) + 1;
      const isAway = this.isAway || this.awayFor.has(index);
      if (isAway && this.failMs > 0)
        await new Promise<void>((resolve) => clock.setTimeout(resolve, this.failMs));
      if (isAway) throw neverSent();
      return { accessToken: `access-${index}` };
    };
    const account = `account ${index}`;
    return createAuthSession(
      { ...server.provider({ account }), prepareLogin: () => ({ secrets: ['correct horse'], login }) },
      { store, clock, scheduler: noTimers, maxLoginsPerHour: 100_000 },
    );
  }
}

const succeeds = (session: AuthSession): Promise<boolean> =>
  session.getTokens().then(
    () => true,
    () => false,
  );

describe('an outage of the auth server', () => {
  test.each([
    ['the processes that saw it', false],
    ['a process that starts at its end', true],
  ])(
    'of ten minutes ends for every account within thirty seconds of the first success: %s',
    {
      tags: ['fault-133'],
    },
    async (_, startsLate) => {
      const issuer = new Issuer();
      const { clock } = issuer.scene;
      const stores = Array.from({ length: 40 }, () => issuer.scene.memory());
      let sessions = stores.map((store, index) => issuer.open(index, store));
      issuer.isAway = true;
      for (let passed = 0; passed < 600; passed += 5) {
        for (const [index, session] of sessions.entries()) if (passed >= index * 3) await succeeds(session);
        await clock.advance(5 * second);
      }
      issuer.isAway = false;
      if (startsLate) {
        for (const session of sessions) session.dispose();
        sessions = stores.map((store, index) => issuer.open(index, store));
      }
      const servedAt = new Map<number, number>();
      for (let passed = 0; passed < 400 && servedAt.size < 40; passed++) {
        for (const [index, session] of sessions.entries())
          if (!servedAt.has(index) && (await succeeds(session))) servedAt.set(index, clock.monotonic());
        await clock.advance(second);
      }
      const instants = [...servedAt.values()];
      expect(instants).toHaveLength(40);
      expect(Math.max(...instants) - Math.min(...instants)).toBeLessThanOrEqual(30 * second);
      // One after the other: in no second more than a third of them.
      const bySecond = instants.map((at) => instants.filter((other) => other === at).length);
      expect(Math.max(...bySecond)).toBeLessThanOrEqual(13);
    },
  );

  test('ends for an account too whose exchange was sent in the outage and failed after it', async () => {
    const issuer = new Issuer();
    const { clock } = issuer.scene;
    const store = issuer.scene.memory();
    const [late, other] = [issuer.open(0, store), issuer.open(1)];
    issuer.isAway = true;
    for (let passed = 0; passed < 600; passed += 5) {
      await succeeds(late);
      await clock.advance(5 * second);
    }
    issuer.failMs = 9 * second;
    await clock.advance(300 * second);
    const failing = succeeds(late);
    await clock.advance(8 * second);
    issuer.isAway = false;
    expect(await succeeds(other)).toBe(true);
    await clock.advance(second);
    expect(await failing).toBe(false);
    await clock.advance(30 * second);
    // So it is for another process, which has seen the other account succeed, and reads of the failure.
    for (const session of [issuer.open(0, store), late]) expect(await succeeds(session)).toBe(true);
  });

  test('leaves an account its pause that failed while others succeeded', {
    tags: ['fault-133'],
  }, async () => {
    const issuer = new Issuer();
    issuer.awayFor.add(0);
    const failing = issuer.open(0);
    for (let passed = 0; passed < 20 * 60; passed++) {
      await succeeds(failing);
      if (passed % 10 === 0) {
        using other = issuer.open(1);
        expect(await succeeds(other)).toBe(true);
      }
      await issuer.scene.clock.advance(second);
    }
    // After 1 s, 2 s and so on to five minutes; once early, after a failure that no other success preceded.
    expect(issuer.attempts[0]).toBeLessThanOrEqual(14);
  });
});

test('who waits for the lease fails with the pause that its holder has written, before the lease is free', {
  tags: ['fault-132'],
}, async () => {
  const scene = new Scene();
  const backend = new FakeBackend();
  const release = Promise.withResolvers<void>();
  /** The return of the lease takes until the promise resolves, as over a slow connection. */
  const open = (): AuthSession => {
    const store = backend.open({ lock: true, subscribe: true });
    const { lock } = store as Required<TokenStore>;
    const slowly = async (lease: Lease): Promise<Lease> => ({
      lost: lease.lost,
      held: () => lease.held(),
      release: () => release.promise.then(() => lease.release()),
    });
    return scene.open({
      store: { ...store, lock: (key, options) => lock(key, options).then(slowly) },
      scheduler: noTimers,
    });
  };
  const fail = Promise.withResolvers<void>();
  scene.server.next('login', async () => {
    await fail.promise;
    throw neverSent();
  });
  const waits = Array.from({ length: 8 }, () =>
    open()
      .getTokens()
      .catch((error: unknown) => error),
  );
  await scene.clock.advance(second);
  fail.resolve();
  const errors = (await scene.until(Promise.all(waits), 2 * second)) as { code: string }[];
  expect(errors.map(({ code }) => code)).toEqual([
    'network',
    ...Array.from({ length: 7 }, () => 'server_unavailable'),
  ]);
  expect(scene.events.filter(({ type }) => type === 'exchange_failed')).toHaveLength(1);
  release.resolve();
});
