import type { AuthSession } from '@auth/core';
import { hashQuickly } from '@internal/test-tools/quick-hash';
import { beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createEnroller, createKeeper, type KeeperOptions, type RefreshQueue } from '../src/index.js';
import { sweepRef } from '../src/refs.js';
import { FleetScene, minute, refs, second } from './support/fleet-scene.js';

const day = 24 * 60 * minute;

// Once loaded, what an exchange needs takes no time of the platform's.
beforeAll(async () => void (await new FleetScene().open('first').getTokens()));

describe('a keeper', () => {
  test('keeps accounts fresh that nobody asks for: one login each, and one exchange a life', async () => {
    const scene = new FleetScene();
    const count = 300;
    await using keeper = scene.keeper({ accounts: () => refs(count), sweepSpreadMs: minute });
    await keeper.start();
    await scene.clock.advance(2 * minute);
    expect(scene.endsAt.size).toBe(count);
    let withoutToken = 0;
    const lives = 10;
    for (let passed = 0; passed < lives * minute; passed += second) {
      await scene.clock.advance(second);
      for (const endsAt of scene.endsAt.values()) if (endsAt <= scene.clock.now()) withoutToken++;
    }
    expect(withoutToken).toBe(0);
    const logins = scene.exchanges.filter(({ kind }) => kind === 'login');
    expect(logins).toHaveLength(count);
    const refreshes = scene.exchanges.length - count;
    expect(refreshes).toBeGreaterThanOrEqual((count * lives) / 0.85);
    expect(refreshes).toBeLessThanOrEqual((count * (lives + 2)) / 0.75);
    // A run for each renewal, and no other.
    expect(scene.heard('ran').length).toBeLessThanOrEqual(1.05 * scene.exchanges.length);
    expect(scene.heard('run_failed')).toEqual([]);
  });

  test('that is not started keeps nothing: the tokens end', async () => {
    const scene = new FleetScene();
    const session = scene.open('account 0');
    await session.getTokens();
    scene.keeper({ accounts: () => refs(1) });
    await scene.clock.advance(2 * minute);
    expect(scene.endsAt.get('account 0')).toBeLessThan(scene.clock.now());
  });

  test('tells what the engine may lose, once, and goes on where that cannot be read', async () => {
    const scene = new FleetScene();
    const risky = Object.assign(scene.queue, { risks: async () => ['appendonly'] });
    await using keeper = scene.keeper({ queue: risky });
    await keeper.start();
    await keeper.start();
    expect(scene.heard('queue_at_risk')).toEqual([{ type: 'queue_at_risk', setting: 'appendonly' }]);
    const silent = Object.assign(scene.queue, { risks: () => Promise.reject(new Error('NOPERM')) });
    await using other = scene.keeper({ queue: silent });
    await other.start();
    expect(scene.events).toHaveLength(1);
  });

  test('an engine that has lost its jobs gets the sweep again within a minute, and with it all accounts', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const scene = new FleetScene();
    await using keeper = scene.keeper({ accounts: () => refs(3), sweepSpreadMs: 0 });
    await keeper.start();
    await scene.clock.advance(second);
    expect(scene.heard('ran')).toHaveLength(3);
    await scene.queue.remove([sweepRef, 'account 0', 'account 1', 'account 2']);
    await scene.clock.advance(10 * minute);
    expect(scene.heard('swept')).toHaveLength(1);
    vi.advanceTimersByTime(minute);
    await scene.clock.advance(minute);
    expect(scene.heard('swept')).toHaveLength(2);
    expect(scene.heard('ran').length).toBeGreaterThan(3);
  });

  test('two keepers on one queue do the work once', async () => {
    const scene = new FleetScene();
    const options = { accounts: () => refs(50), sweepSpreadMs: 0 };
    await using first = scene.keeper(options);
    await using other = scene.keeper(options);
    await Promise.all([first.start(), other.start()]);
    await scene.clock.advance(10 * minute);
    const byAccount = Map.groupBy(scene.exchanges, ({ account }) => account);
    for (const exchanges of byAccount.values()) expect(exchanges.length).toBeLessThanOrEqual(10 / 0.75 + 1);
    expect(scene.heard('swept')).toHaveLength(1);
  });

  test('a sweep counts all accounts by state, and changes none of them', async () => {
    const scene = new FleetScene();
    await scene.open('account 0').getTokens();
    await scene.open('account 1').getTokens();
    await scene.open('account 1').signOut();
    scene.wrongPasswords.add('account 2');
    await expect(scene.open('account 2').getTokens()).rejects.toMatchObject({ code: 'invalid_credentials' });
    const exchanges = scene.exchanges.length;
    const open = (ref: string) => {
      if (ref === 'account 4') throw new Error('the vault');
      return ref === 'account 5' ? undefined : scene.open(ref);
    };
    await using keeper = scene.keeper({ open, accounts: () => refs(6), sweepSpreadMs: 10 * minute });
    await keeper.start();
    await scene.clock.advance(second);
    expect(scene.heard('swept')).toMatchObject([
      {
        accounts: 6,
        states: { signed_in: 1, signed_out: 1, login_blocked: 1, idle: 1, failed: 1, unknown: 1 },
      },
    ]);
    expect(scene.exchanges).toHaveLength(exchanges);
  });

  test('an account that open does not know ends with an event', async () => {
    const scene = new FleetScene();
    await using keeper = scene.keeper({ open: () => undefined });
    await keeper.start();
    await createEnroller({ queue: scene.queue, clock: scene.clock }).add('gone');
    await scene.clock.advance(day);
    expect(scene.events).toMatchObject([{ type: 'account_unknown', ref: 'gone', lateMs: 0 }]);
  });

  test('what open throws is an event, and the run comes back later and later, up to a quarter of an hour', async () => {
    const scene = new FleetScene();
    const open = () => Promise.reject(Object.assign(new Error('secret'), { code: 'EVAULT' }));
    await using keeper = scene.keeper({ open });
    await keeper.start();
    await createEnroller({ queue: scene.queue, clock: scene.clock }).add('a');
    await scene.clock.advance(2 * 60 * minute);
    const failed = scene.heard('run_failed');
    expect(failed[0]).toMatchObject({ ref: 'a', reason: 'EVAULT', failures: 1 });
    expect(JSON.stringify(failed)).not.toContain('secret');
    const waits = failed.map(({ nextAt }, index) => nextAt - (failed[index - 1]?.nextAt ?? nextAt)).slice(1);
    expect(waits[0]).toBeGreaterThan(60 * second);
    expect(Math.max(...waits)).toBeLessThanOrEqual(1.25 * 15 * minute);
    expect(failed.length).toBeLessThan(16);
    expect(keeper.status()).toMatchObject({ running: 0, ran: 0, failed: failed.length });
  });

  test('an open that never ends makes room for others after a minute, and a session that comes later is released', async () => {
    const scene = new FleetScene();
    const vault = Promise.withResolvers<void>();
    const released: string[] = [];
    const open = async (ref: string) => {
      if (ref !== 'well') await vault.promise;
      return scene.open(ref);
    };
    const release = (session: AuthSession, ref: string): Promise<void> => {
      released.push(ref);
      return session.close();
    };
    await using keeper = scene.keeper({ open, release, concurrency: 2 });
    await keeper.start();
    const enroller = createEnroller({ queue: scene.queue, clock: scene.clock });
    for (const ref of ['a', 'b']) await enroller.add(ref);
    await scene.clock.advance(second);
    await enroller.add('well');
    await scene.clock.advance(58 * second);
    expect(scene.exchanges).toEqual([]);
    await scene.clock.advance(2 * second);
    expect(scene.exchanges).toMatchObject([{ account: 'well' }]);
    expect(scene.heard('run_failed')).toMatchObject([
      { ref: 'a', reason: 'timeout' },
      { ref: 'b', reason: 'timeout' },
    ]);
    vault.resolve();
    await scene.clock.advance(1);
    expect(released.sort()).toEqual(['a', 'b', 'well']);
  });

  test('a release that throws, or never ends, changes nothing of a run, and makes room for others', async () => {
    const scene = new FleetScene();
    const gate = Promise.withResolvers<void>();
    const release = async (session: AuthSession, ref: string): Promise<void> => {
      await session.close();
      if (ref === 'throws') throw new TypeError('no such pool');
      if (ref === 'hangs') await gate.promise;
    };
    await using keeper = scene.keeper({ release, concurrency: 1 });
    await keeper.start();
    const enroller = createEnroller({ queue: scene.queue, clock: scene.clock });
    await enroller.add('throws');
    await scene.clock.advance(second);
    expect(scene.heard('ran')).toMatchObject([{ ref: 'throws', nextAt: expect.any(Number) }]);
    expect(scene.heard('release_failed')).toEqual([
      { type: 'release_failed', ref: 'throws', reason: 'TypeError' },
    ]);
    await enroller.remove('throws');
    await enroller.add('hangs');
    await scene.clock.advance(second);
    await enroller.add('well');
    await scene.clock.advance(58 * second);
    expect(scene.endsAt.has('well')).toBe(false);
    await scene.clock.advance(2 * second);
    expect(scene.endsAt.has('well')).toBe(true);
    expect(scene.heard('release_failed')).toMatchObject([{ ref: 'throws' }, { reason: 'timeout' }]);
    expect(scene.heard('run_failed')).toEqual([]);
    gate.resolve();
  });

  describe('where only a person can help', () => {
    hashQuickly();

    test('the job ends with an event, and begins again once the person has signed in', async () => {
      const scene = new FleetScene();
      scene.wrongPasswords.add('a');
      const enroller = createEnroller({ queue: scene.queue, clock: scene.clock });
      await using keeper = scene.keeper();
      await keeper.start();
      await enroller.add('a');
      await scene.clock.advance(day);
      expect(scene.heard('needs_person')).toMatchObject([{ ref: 'a', state: 'login_blocked' }]);
      expect(scene.exchanges).toHaveLength(1);
      scene.wrongPasswords.clear();
      await scene.open('a').signIn();
      await enroller.add('a');
      await scene.clock.advance(5 * minute);
      expect(scene.endsAt.get('a')).toBeGreaterThan(scene.clock.now());
      await enroller.remove('a');
      await scene.clock.advance(5 * minute);
      expect(scene.endsAt.get('a')).toBeLessThan(scene.clock.now());
    });

    test('without login an account that has never signed in waits for a person', async () => {
      const scene = new FleetScene();
      await using keeper = scene.keeper({ login: false, accounts: () => refs(1) });
      await keeper.start();
      await scene.clock.advance(10 * minute);
      expect(scene.heard('needs_person')).toMatchObject([{ state: 'idle' }]);
      expect(scene.exchanges).toEqual([]);
    });
  });

  describe('a sweep', () => {
    test('spreads the first runs, moves no schedule, and comes again', async () => {
      const scene = new FleetScene();
      scene.lifeMs = 10 * day;
      await using keeper = scene.keeper({ accounts: () => refs(3), sweepMs: day, random: Math.random });
      await keeper.start();
      await scene.clock.advance(5 * minute);
      const first = scene.heard('ran').map(({ ref, nextAt }) => [ref, nextAt]);
      expect(first.map(([ref]) => ref).sort()).toEqual(['account 0', 'account 1', 'account 2']);
      await scene.clock.advance(3 * day);
      expect(scene.heard('swept').length).toBe(4);
      expect(scene.heard('swept')[0]).toMatchObject({ accounts: 3 });
      expect(scene.heard('ran')).toHaveLength(3);
    });

    test('that fails in the middle is an event, and goes on later', async () => {
      const scene = new FleetScene();
      let isBroken = true;
      async function* accounts(): AsyncGenerator<string> {
        yield 'a';
        if (isBroken) throw new Error('the database');
        yield 'b';
      }
      await using keeper = scene.keeper({ accounts });
      await keeper.start();
      await scene.clock.advance(second);
      expect(scene.heard('run_failed')).toMatchObject([{ ref: '#sweep', reason: 'Error' }]);
      isBroken = false;
      await scene.clock.advance(10 * minute);
      expect([...scene.endsAt.keys()].sort()).toEqual(['a', 'b']);
    });

    test('that is cut off opens nothing more, and counts nothing', async () => {
      const scene = new FleetScene();
      const gate = Promise.withResolvers<void>();
      let opened = 0;
      const open = async (ref: string) => {
        opened++;
        await gate.promise;
        return scene.open(ref);
      };
      const keeper = scene.keeper({ open, accounts: () => refs(100), sweepSpreadMs: day, concurrency: 2 });
      await keeper.start();
      await scene.clock.advance(second);
      const closed = keeper.close({ timeoutMs: second });
      await scene.clock.advance(2 * second);
      await closed;
      gate.resolve();
      await scene.clock.advance(second);
      expect(opened).toBe(2);
      expect(scene.heard('swept')).toEqual([]);
    });

    test('enrols no account whose id is none, and those that come after it', async () => {
      const scene = new FleetScene();
      await using keeper = scene.keeper({
        accounts: async function* () {
          yield* ['#sweep', 'a\0b', '\ud800', 'good'];
        },
        sweepSpreadMs: 0,
      });
      await keeper.start();
      await scene.clock.advance(second);
      expect(scene.heard('swept')).toMatchObject([{ accounts: 4, states: { failed: 3, idle: 1 } }]);
      expect([...scene.endsAt.keys()]).toEqual(['good']);
      const enroller = createEnroller({ queue: scene.queue });
      for (const ref of ['', '#a', undefined as never]) {
        await expect(enroller.add(ref)).rejects.toMatchObject({ code: 'invalid_options' });
        await expect(enroller.remove(ref)).rejects.toMatchObject({ code: 'invalid_options' });
      }
    });
  });

  describe('a rate for each auth server', () => {
    test('bounds the exchanges in any second, and everybody is served', async () => {
      const scene = new FleetScene();
      scene.lifeMs = 60 * minute;
      const options = { accounts: () => refs(100), sweepSpreadMs: 0, perIssuer: 5, random: Math.random };
      await using keeper = scene.keeper(options);
      await keeper.start();
      // A hundred exchanges at five a second, and hardly a turn is lost.
      await scene.clock.advance(22 * second);
      expect(scene.endsAt.size).toBe(100);
      expect(scene.mostInASecond).toBeLessThanOrEqual(6);
      expect(scene.heard('rate_per_process')).toEqual([{ type: 'rate_per_process', perIssuer: 5 }]);
    });

    test('lets no token end where it allows more than there is to renew', async () => {
      const scene = new FleetScene();
      const options = { accounts: () => refs(200), sweepSpreadMs: 0, perIssuer: 8, random: Math.random };
      await using keeper = scene.keeper(options);
      await keeper.start();
      await scene.clock.advance(30 * second);
      expect(scene.endsAt.size).toBe(200);
      for (let passed = 0; passed < 5 * minute; passed += 100) {
        await scene.clock.advance(100);
        expect(Math.min(...scene.endsAt.values())).toBeGreaterThan(scene.clock.now());
      }
      expect(scene.mostInASecond).toBeLessThanOrEqual(9);
    });

    test('is the queue’s, where the queue has one', async () => {
      const scene = new FleetScene();
      const asked: unknown[] = [];
      const queue: RefreshQueue = {
        name: 'shared',
        put: (jobs, options) => scene.queue.put(jobs, options),
        remove: (removed) => scene.queue.remove(removed),
        work: (run, options) => scene.queue.work(run, options),
        close: () => scene.queue.close(),
        take: async (...bucket) => (asked.push(bucket) > 1 ? 0 : 10 * second),
      };
      await using keeper = scene.keeper({ queue, accounts: () => refs(1), sweepSpreadMs: 0, perIssuer: 5 });
      await keeper.start();
      await scene.clock.advance(9 * second);
      expect(scene.exchanges).toEqual([]);
      await scene.clock.advance(2 * second);
      expect(scene.exchanges).toHaveLength(1);
      expect(asked).toEqual([
        ['https://auth.example.com 5/s', 5, 'account 0'],
        ['https://auth.example.com 5/s', 5, 'account 0'],
      ]);
      expect(scene.heard('rate_per_process')).toEqual([]);
    });
  });

  test('an auth server that is away is tried by one account at a time, and then serves all', async () => {
    const scene = new FleetScene();
    scene.isAway = true;
    const options = { accounts: () => refs(500), sweepSpreadMs: 0, concurrency: 8, random: Math.random };
    await using keeper = scene.keeper(options);
    await keeper.start();
    await scene.clock.advance(5 * minute);
    // Twenty and those under way at that time, and then at most what one account after the other tries.
    expect(scene.exchanges.length).toBeLessThan(28 + 5 * 60);
    scene.isAway = false;
    await scene.clock.advance(6 * minute);
    expect(scene.endsAt.size).toBe(500);
  });

  test('accounts without a one-time code say nothing of the auth server', async () => {
    const scene = new FleetScene();
    const enroller = createEnroller({ queue: scene.queue, clock: scene.clock });
    await using keeper = scene.keeper({ concurrency: 1 });
    await keeper.start();
    for (let index = 0; index < 25; index++) {
      scene.withoutCode.add(`${index}`);
      await enroller.add(`${index}`);
    }
    await scene.clock.advance(1);
    await enroller.add('well');
    await scene.clock.advance(second / 2);
    expect(scene.endsAt.has('well')).toBe(true);
  });

  test('hands the session to release, in place of closing it', async () => {
    const scene = new FleetScene();
    const released: string[] = [];
    const sessions = new Map<string, ReturnType<FleetScene['open']>>();
    const open = (ref: string) => {
      const session = sessions.get(ref) ?? scene.open(ref);
      sessions.set(ref, session);
      return session;
    };
    const release = (_: unknown, ref: string) => void released.push(ref);
    await using keeper = scene.keeper({ open, release, accounts: () => refs(1), sweepSpreadMs: 0 });
    await keeper.start();
    await scene.clock.advance(5 * minute);
    expect(released.length).toBeGreaterThan(5);
    expect(sessions.size).toBe(1);
  });

  test('closes when its runs have ended, and takes no more', async () => {
    const scene = new FleetScene();
    const gate = Promise.withResolvers<void>();
    const open = async (ref: string) => {
      await gate.promise;
      return scene.open(ref);
    };
    const keeper = scene.keeper({ open, accounts: () => refs(1), sweepSpreadMs: 0 });
    await keeper.start();
    await keeper.start();
    await scene.clock.advance(second);
    // The sweep reads the account, which its job has begun to run.
    expect(keeper.status()).toMatchObject({ running: 2 });
    const closed = keeper.close();
    gate.resolve();
    await scene.clock.advance(second);
    await closed;
    expect(scene.exchanges).toHaveLength(1);
    await scene.clock.advance(10 * minute);
    expect(scene.exchanges).toHaveLength(1);
    await expect(keeper.start()).rejects.toMatchObject({ code: 'disposed' });
    await scene.queue.close();
    expect(scene.clock.timers).toBe(0);
  });

  test('holds the process open until it is closed', async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const holds = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length - before;
    const keeper = new FleetScene().keeper();
    await keeper.start();
    expect(holds()).toBe(1);
    await keeper.close();
    expect(holds()).toBe(0);
  });

  test('a listener that throws breaks nothing', async () => {
    const scene = new FleetScene();
    const onEvent = () => {
      throw new Error('listener');
    };
    await using keeper = scene.keeper({ onEvent, accounts: () => refs(1), sweepSpreadMs: 0 });
    await keeper.start();
    await scene.clock.advance(second);
    expect(keeper.status()).toMatchObject({ ran: 2, failed: 0 });
  });

  test.each([
    [undefined, 'queue: expected'],
    [{ queue: {} }, 'queue: expected'],
    [{ open: 'a' }, 'open: expected a function'],
    [{ concurrency: 0 }, 'concurrency: expected'],
    [{ perIssuer: 0 }, 'perIssuer: expected'],
    [{ sweepMs: -1 }, 'sweepMs: expected'],
    [{ sweepSpreadMs: Number.NaN }, 'sweepSpreadMs: expected'],
  ])('wrong options are named', (options, message) => {
    const { queue } = new FleetScene();
    const whole = options && { queue, open: () => undefined, ...options };
    expect(() => createKeeper(whole as KeeperOptions)).toThrow(message);
  });
});
