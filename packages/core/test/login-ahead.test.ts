import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { AuthError, type AuthSession } from '../src/index.js';
import { hour, minute, second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { neverSent } from './support/fake-server.js';
import { Scene, type SceneOptions } from './support/scene.js';

/** Processes on one store, at a vendor without refresh tokens. */
function openFleet(processes: number, lifeMs: number, options: SceneOptions = {}) {
  const scene = new Scene();
  scene.server.issuesRefreshTokens = false;
  scene.server.lifetimeMs = lifeMs;
  const backend = new FakeBackend();
  const open = (extra: SceneOptions = {}): AuthSession =>
    scene.open({
      store: backend.open({ lock: true }),
      loginAhead: true,
      keepAlive: true,
      ...options,
      ...extra,
    });
  const sessions = Array.from({ length: processes }, () => open());
  return { ...scene, scene, backend, open, sessions };
}

describe('loginAhead', () => {
  hashQuickly();

  test.each([
    ['ten minutes', 10 * minute],
    ['a day', 24 * hour],
  ])('eight processes, lives of %s: one login a life, and nobody waits at its end', async (_, lifeMs) => {
    const { server, clock, sessions } = openFleet(8, lifeMs);
    await Promise.all(sessions.map((session) => session.getTokens()));
    const lives = 20;
    let slow = 0;
    const endsAt = clock.now() + lives * lifeMs;
    while (clock.now() < endsAt) {
      await clock.advance(lifeMs / 100);
      for (const session of sessions) {
        const logins = server.logins;
        // A set that is at hand comes without a wait of the clock.
        const token = await Promise.race([session.getAccessToken(), clock.advance(0).then(() => 'late')]);
        if (token === 'late' || server.logins !== logins) slow++;
      }
    }
    expect(slow).toBe(0);
    // A set is renewed after 75 to 85 % of its life.
    expect(server.logins).toBeGreaterThanOrEqual(lives / 0.85 - 1);
    expect(server.logins).toBeLessThanOrEqual(lives / 0.75 + 2);
    for (const session of sessions) session.dispose();
    expect(clock.timers).toBe(0);
  });

  test('without it a timer leaves the login to the next caller', async () => {
    const { server, clock, sessions } = openFleet(2, hour, { loginAhead: false });
    await Promise.all(sessions.map((session) => session.getTokens()));
    await clock.advance(3 * hour);
    expect(server.logins).toBe(1);
  });

  test('a set that nobody has used is not renewed, unless it is to be kept alive', async () => {
    const { server, clock, sessions } = openFleet(1, hour, { keepAlive: false });
    const [session] = sessions as [AuthSession];
    await session.getTokens();
    await clock.advance(10 * hour);
    // Once for the set that was used; the new one nobody has used.
    expect(server.logins).toBe(2);
  });

  test('never after a refused password', async () => {
    const { server, clock, sessions } = openFleet(2, hour);
    await Promise.all(sessions.map((session) => session.getTokens()));
    server.password = 'another';
    await clock.advance(5 * hour);
    expect(server.logins).toBe(2);
  });

  test('never in a pause that the server asked for', async () => {
    const { server, clock, sessions } = openFleet(2, hour);
    await Promise.all(sessions.map((session) => session.getTokens()));
    await clock.advance(0.74 * hour);
    let sentAt = 0;
    server.next('login', () => {
      sentAt = clock.now();
      throw new AuthError('rate_limited', {
        provider: 'fake',
        delivery: 'answered',
        retryAfterMs: 5 * minute,
      });
    });
    server.next('login', (proceed) => {
      expect(clock.now() - sentAt).toBeGreaterThanOrEqual(5 * minute);
      return proceed();
    });
    await clock.advance(0.25 * hour);
    expect(sentAt).toBeGreaterThan(0);
    expect(server.logins).toBe(2);
  });

  test('leaves half of the hour’s logins to callers', async () => {
    const { server, clock, sessions } = openFleet(1, hour, { maxLoginsPerHour: 6 });
    const [session] = sessions as [AuthSession];
    await session.getTokens();
    await clock.advance(1.25 * hour);
    expect(server.logins).toBe(2);
    const firstAt = clock.now();
    for (let login = 0; login < 3; login++) {
      await session.signIn();
      await clock.advance(0.05 * hour);
    }
    // Due an hour later, it finds three logins in the hour, and waits until there are two.
    await clock.advance(firstAt + hour - clock.now());
    expect(server.logins).toBe(5);
    await clock.advance(2 * minute);
    expect(server.logins).toBe(6);
  });

  test('says where lives are too short for it, and leaves them to callers', async () => {
    const { server, clock, sessions, events } = openFleet(1, 5 * minute, { maxLoginsPerHour: 20 });
    const [session] = sessions as [AuthSession];
    await session.getTokens();
    await clock.advance(10 * minute);
    expect(server.logins).toBe(1);
    const [said, ...others] = events.filter(({ type }) => type === 'login_ahead_off');
    expect(said).toMatchObject({ lifeMs: 5 * minute, neededMs: 481_334 });
    expect(others).toEqual([]);
  });

  test('a login that another process has just sent is not followed by one', async () => {
    const { server, clock, sessions, backend } = openFleet(2, hour);
    const [first, second_] = sessions as [AuthSession, AuthSession];
    await first.getTokens();
    await second_.getTokens();
    // The first does not hear of what the second saves.
    await clock.advance(0.73 * hour);
    await second_.signIn();
    backend.calls = [];
    await clock.advance(0.1 * hour);
    expect(server.logins).toBe(2);
    expect((await first.getTokens()).id).toBe((await second_.getTokens()).id);
  });

  test('a login that failed is tried again a tenth of the life later', async () => {
    const { server, clock, sessions } = openFleet(1, hour);
    await (sessions[0] as AuthSession).getTokens();
    server.next('login', () => {
      throw neverSent();
    });
    await clock.advance(0.89 * hour);
    expect(server.logins).toBe(1);
    await clock.advance(0.04 * hour);
    expect(server.logins).toBe(2);
  });

  test('a login that a clock far ahead has dated holds up no renewal', async () => {
    const { server, clock, sessions, backend, scene } = openFleet(1, hour);
    const day = 24 * hour;
    const ahead = { ...clock, now: () => clock.now() + 400 * day } as typeof clock;
    const far = scene.open({ store: backend.open({ lock: true }), clock: ahead, scheduler: null });
    await scene.until(far.signIn());
    await scene.until((sessions[0] as AuthSession).signIn());
    await clock.advance(0.9 * hour);
    expect(server.logins).toBe(3);
  });

  test('a login that is left to callers holds back no caller', async () => {
    const { server, clock, sessions } = openFleet(1, hour, { maxLoginsPerHour: 6 });
    const [session] = sessions as [AuthSession];
    for (let login = 0; login < 4; login++) await session.signIn();
    await clock.advance(0.82 * hour);
    expect(server.logins).toBe(4);
    // In the time in which a set is due, a call starts the login behind it.
    expect(await session.getAccessToken()).toBe('access-4');
    await clock.advance(0);
    expect(server.logins).toBe(5);
  });

  describe('maintain', () => {
    test('renews a set by a login before its end, and comes again for the next', async () => {
      const { server, clock, open } = openFleet(0, hour, { scheduler: null });
      await open().getTokens();
      let nextAt = (await open().maintain()).nextAt as number;
      for (let life = 0; life < 5; life++) {
        expect(nextAt - clock.now()).toBeLessThanOrEqual(0.85 * hour);
        await clock.advance(nextAt - clock.now());
        const run = await open().maintain();
        expect(run.state).toBe('signed_in');
        nextAt = run.nextAt as number;
      }
      expect(server.logins).toBe(6);
    });

    test('comes again at the set’s end where it was too soon for a login', async () => {
      const { server, clock, open, scene } = openFleet(0, hour, { scheduler: null, maxLoginsPerHour: 4 });
      const session = open();
      for (let login = 0; login < 3; login++) await session.signIn();
      const { expiresAt = 0 } = await session.getTokens();
      await clock.advance(0.9 * hour);
      const run = await scene.until(open().maintain({ login: true }));
      expect(run).toEqual({ state: 'signed_in', nextAt: expiresAt - 30 * second });
      expect(server.logins).toBe(3);
      await clock.advance((run.nextAt as number) - clock.now());
      await scene.until(open().maintain({ login: true }));
      expect(server.logins).toBe(4);
    });
  });
});
