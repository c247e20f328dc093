import { hashQuickly } from '@internal/test-tools/quick-hash';
import { beforeEach, describe, expect, test } from 'vitest';
import { AuthError, type AuthSession, type MaintainOptions, type Maintenance } from '../src/index.js';
import { hour, minute, second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { lostAnswer, neverSent } from './support/fake-server.js';
import { Scene, type SceneOptions } from './support/scene.js';

let scene: Scene;
let backend: FakeBackend;
beforeEach(() => {
  scene = new Scene();
  backend = new FakeBackend();
});

const open = (options: SceneOptions = {}): AuthSession =>
  scene.open({ store: backend.open({ lock: true }), scheduler: null, ...options });

/** A worker's job: a session of its own for one run. */
async function run(options: MaintainOptions & SceneOptions = {}): Promise<Maintenance> {
  const { login, admit, signal, ...others } = options;
  using session = open(others);
  return await scene.until(session.maintain({ login, admit, signal }));
}

const now = (): number => scene.clock.now();

describe('maintain', () => {
  hashQuickly();

  test('keeps a set fresh that nobody uses, with one exchange a life', async () => {
    await open().getTokens();
    let { state, nextAt } = await run();
    for (let life = 0; life < 10; life++) {
      expect(state).toBe('signed_in');
      await scene.clock.advance((nextAt as number) - now());
      ({ state, nextAt } = await run());
      expect(scene.server.refreshes).toBe(life + 1);
    }
    expect(scene.server.logins).toBe(1);
  });

  test('saves and refreshes initial tokens, without a password', async () => {
    scene.server.adopt('given');
    const initialTokens = { accessToken: 'given', refreshToken: 'given', expiresInMs: hour };
    const provider = { password: null };
    const first = await run({ initialTokens, provider });
    expect(first).toMatchObject({ state: 'signed_in', nextAt: expect.any(Number) });
    await scene.clock.advance((first.nextAt as number) - now());
    expect(await run({ provider })).toMatchObject({ state: 'signed_in' });
    expect(scene.server.refreshes).toBe(1);
  });

  test('comes again after a refused password where refusedLoginRetryMs says so', async () => {
    const options = { login: true, provider: { password: 'wrong' }, refusedLoginRetryMs: 30 * minute };
    const { state, nextAt = 0 } = await run(options);
    expect(state).toBe('login_blocked');
    expect(nextAt - now()).toBeGreaterThanOrEqual(22 * minute);
    expect((await run({ login: true, provider: { password: 'wrong' } })).nextAt).toBeUndefined();
  });

  test('a policy that names no end does not keep a set beyond its own', async () => {
    scene.server.issuesRefreshTokens = false;
    const refreshPolicy = () => ({
      advisoryAt: Number.POSITIVE_INFINITY,
      mandatoryAt: Number.POSITIVE_INFINITY,
    });
    const { nextAt } = await run({ login: true, refreshPolicy });
    expect(nextAt).toBeLessThanOrEqual(now() + hour);
    expect(nextAt).toBeGreaterThan(now() + 59 * minute);
  });

  test('keeps a pause that was saved after the set that it finds', async () => {
    const kept = open();
    await kept.getTokens();
    const other = open();
    await other.getTokens({ forceRefresh: true });
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', () => {
      throw new AuthError('rate_limited', {
        provider: 'fake',
        delivery: 'answered',
        retryAfterMs: 10 * minute,
      });
    });
    await other.getTokens().catch(() => {});
    const sent = scene.server.ledger.length;
    const { nextAt = 0 } = await scene.until(kept.maintain({ login: true }));
    expect(scene.server.ledger).toHaveLength(sent);
    expect(nextAt - now()).toBeGreaterThan(5 * minute);
  });

  test('before the set is due does nothing but look, and tells when it will be', async () => {
    const { issuedAt } = await open().getTokens();
    backend.calls = [];
    expect(await run()).toEqual({ state: 'signed_in', nextAt: issuedAt + 0.8 * hour });
    expect(backend.calls).toEqual(['get']);
    expect(scene.clock.timers).toBe(0);
  });

  test('schedules nothing, whatever the scheduler', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    const session = open({ scheduler: undefined });
    await scene.until(session.maintain());
    expect(scene.server.refreshes).toBe(1);
    expect(scene.clock.timers).toBe(0);
  });

  test('makes a first login only where it is asked to', async () => {
    expect(await run()).toEqual({ state: 'idle' });
    expect(scene.server.logins).toBe(0);
    const startedAt = now();
    expect(await run({ login: true })).toEqual({ state: 'signed_in', nextAt: startedAt + 0.8 * hour });
    expect(scene.server.logins).toBe(1);
  });

  test('without credentials waits for a person', async () => {
    expect(await run({ login: true, provider: { password: null } })).toEqual({ state: 'idle' });
  });

  test('renews by a login, when the set is over, where there is no refresh token', async () => {
    scene.server.issuesRefreshTokens = false;
    const { expiresAt = 0 } = await open().getTokens();
    expect(await run()).toEqual({ state: 'signed_in' });
    expect(await run({ login: true })).toEqual({ state: 'signed_in', nextAt: expiresAt - 30 * second });
    await scene.clock.advance(hour);
    expect(await run({ login: true })).toMatchObject({ state: 'signed_in' });
    expect(scene.server.logins).toBe(2);
  });

  test('comes again after a day where the life of the set is unknown', async () => {
    scene.server.lifetimeMs = undefined;
    await open().getTokens();
    const startedAt = now();
    expect(await run()).toEqual({ state: 'signed_in', nextAt: startedAt + 24 * hour });
  });

  test('asks admit after the look and before the exchange', async () => {
    await open().getTokens();
    let asked = 0;
    const admit = (): number => {
      asked++;
      return 7_000;
    };
    await run({ admit });
    expect(asked).toBe(0);
    await scene.clock.advance(55 * minute);
    backend.calls = [];
    const startedAt = now();
    expect(await run({ admit })).toEqual({ state: 'signed_in', nextAt: startedAt + 7_000 });
    expect(asked).toBe(1);
    expect(backend.calls).not.toContain('lock');
    expect(await run({ admit: () => 0 })).toMatchObject({ state: 'signed_in' });
    expect(scene.server.refreshes).toBe(1);
  });

  test('reads the store once before the lock, once under it, and writes once', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    backend.calls = [];
    await run();
    expect(backend.calls).toEqual(['get', 'lock', 'get', 'compareAndSet']);
  });

  test.each([
    ['renews', 55],
    ['finds fresh', 5],
  ])('hears of no changes; the first caller of a set that it %s does', async (_, minutes) => {
    await open().getTokens();
    await scene.clock.advance(minutes * minute);
    const store = backend.open({ lock: true, subscribe: true });
    const session = open({ store });
    await scene.until(session.maintain());
    expect(backend.listeners).toBe(0);
    const { refreshes } = scene.server;
    await session.getTokens();
    expect([backend.listeners, scene.server.refreshes]).toEqual([1, refreshes]);
    backend.calls = [];
    await session.getTokens();
    expect(backend.calls).toEqual([]);
  });

  test('a sign-out elsewhere after it is known to the first caller', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    const session = open({ store: backend.open({ lock: true, subscribe: true }) });
    await scene.until(session.maintain());
    await open().signOut();
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('a slow admission does not lengthen the wait for a lease that another holds', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    const answer = scene.server.holdNext('refresh');
    const first = open().maintain();
    await scene.clock.advance(10);
    const admit = (): Promise<number> =>
      new Promise((resolve) => scene.clock.setTimeout(() => resolve(0), 3 * second));
    const waiting = open().maintain({ admit });
    await scene.clock.advance(3 * second + 300);
    expect(await waiting).toMatchObject({ state: 'signed_in', nextAt: expect.any(Number) });
    answer();
    await first;
  });

  test('leaves an account alone that a caller has renewed during the admission', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    const session = open();
    await session.maintain({ admit: () => 1 });
    const admit = async (): Promise<number> => {
      await session.getTokens({ forceRefresh: true });
      return 0;
    };
    backend.calls = [];
    expect(await scene.until(session.maintain({ admit }))).toMatchObject({ state: 'signed_in' });
    expect(scene.server.refreshes).toBe(1);
    expect(backend.calls.filter((call) => call === 'lock')).toHaveLength(1);
  });

  test('two workers at once make one exchange; the other comes again in five seconds', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    const answer = scene.server.holdNext('refresh');
    const first = open().maintain();
    const second = open().maintain();
    await scene.clock.advance(300);
    expect(await second).toEqual({ state: 'signed_in', nextAt: now() + 5_000 - 50 });
    answer();
    expect(await first).toMatchObject({ state: 'signed_in' });
    expect(scene.server.refreshes).toBe(1);
  });

  test('takes a failed exchange for a state, and comes again after its pause', async () => {
    await open().getTokens();
    await scene.clock.advance(55 * minute);
    scene.server.next('refresh', () => {
      throw neverSent();
    });
    const alive = await run();
    expect(alive.state).toBe('signed_in');
    expect(alive.nextAt).toBeGreaterThanOrEqual(now() + second - 50);
    await scene.clock.advance(hour);
    for (let answer = 0; answer < 2; answer++) {
      scene.server.next('refresh', () => {
        throw lostAnswer();
      });
    }
    const over = await run();
    expect(over.state).toBe('unavailable');
    expect(over.nextAt).toBeGreaterThan(now());
    expect((await run({})).state).toBe('unavailable');
  });

  test('tells of a refused password, a refused client and a sign-out, and nobody comes again by itself', async () => {
    expect(await run({ login: true, provider: { password: 'wrong' } })).toEqual({ state: 'login_blocked' });
    expect(await run({ login: true, provider: { password: 'wrong' } })).toEqual({ state: 'login_blocked' });
    expect(scene.server.logins).toBe(1);
    const session = open();
    await session.signIn();
    await session.signOut();
    expect(await run({ login: true })).toEqual({ state: 'signed_out' });
    backend = new FakeBackend();
    scene.server.next('login', () => {
      throw new AuthError('client_refused', { provider: 'fake', status: 401, delivery: 'answered' });
    });
    const refused = await run({ login: true });
    expect(refused.state).toBe('login_blocked');
    expect(refused.nextAt).toBeGreaterThanOrEqual(now() + 15 * minute);
  });

  test('rejects where the store fails', async () => {
    backend.breakDown('get');
    await expect(run()).rejects.toMatchObject({ code: 'store_failed' });
  });

  test('takes over what another process has saved, and hands nothing out', async () => {
    const session = open({ scheduler: undefined });
    await session.getTokens();
    await scene.clock.advance(50 * minute);
    const { id } = await open().getTokens({ forceRefresh: true });
    await session.maintain();
    expect(session.peek()?.id).toBe(id);
  });
});

describe('minValidMs', () => {
  test('is served by the set in hand while that lives long enough, and by an exchange otherwise', async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(10 * minute);
    expect((await session.getTokens({ minValidMs: 50 * minute })).accessToken).toBe('access-1');
    expect((await session.getTokens({ minValidMs: 50 * minute + 1 })).accessToken).toBe('access-2');
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('beyond the life costs one exchange, and not one a call', async () => {
    await open().getTokens();
    await scene.clock.advance(10 * minute);
    for (let call = 0; call < 100; call++) {
      using session = open();
      expect((await session.getTokens({ minValidMs: 24 * hour })).accessToken).toBe('access-2');
      await scene.clock.advance(100);
    }
    expect(scene.server.refreshes).toBe(1);
  });

  test('is served by what another process has saved', async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(30 * minute);
    await open().getTokens({ forceRefresh: true });
    await scene.clock.advance(2 * minute);
    expect((await session.getTokens({ minValidMs: 45 * minute })).accessToken).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('gets what another process has put in place of the set in hand, however short its life', async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(45 * minute);
    scene.server.lifetimeMs = 5 * minute;
    await open().getTokens({ forceRefresh: true });
    await scene.clock.advance(4 * minute);
    expect((await session.getTokens({ minValidMs: 10 * minute })).accessToken).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('gets the token that lives where the exchange fails', async () => {
    const session = open();
    await session.getTokens();
    await scene.clock.advance(30 * minute);
    scene.server.next('refresh', () => {
      throw neverSent();
    });
    expect((await session.getTokens({ minValidMs: 45 * minute })).accessToken).toBe('access-1');
  });

  test('is satisfied by a set of unknown life', async () => {
    scene.server.lifetimeMs = undefined;
    const session = open();
    await session.getTokens();
    await scene.clock.advance(10 * hour);
    expect((await session.getTokens({ minValidMs: hour })).accessToken).toBe('access-1');
  });

  test.each([-1, Number.NaN, '5' as unknown as number])('of %j is refused', async (minValidMs) => {
    await expect(open().getTokens({ minValidMs })).rejects.toMatchObject({ code: 'invalid_options' });
  });
});
