import { describe, expect, test } from 'vitest';
import { AuthError, type AuthSessionOptions, createAuthSession, type TokenRecord } from '../src/index.js';
import { limits } from '../src/limits.js';
import { FakeServer, lostAnswer, neverSent } from './support/fake-server.js';
import { FakeBackend } from './support/fake-store.js';
import { settle } from './support/manual-clock.js';
import { noTimers, Scene } from './support/setup.js';

const hour = 3_600_000;

/** Two processes on one backend: two stores, one server, one clock. */
function twoProcesses(options: { lock?: boolean; subscribe?: boolean } = { lock: true }) {
  const scene = new Scene();
  const backend = new FakeBackend();
  const open = (extra: Parameters<Scene['open']>[0] = {}) =>
    scene.open({ store: backend.open(options), scheduler: noTimers, ...extra });
  return { scene, backend, open, first: open(), second: open() };
}

const stored = (backend: FakeBackend) => {
  const [record] = backend.records.values();
  return JSON.parse((record as { value: string }).value);
};

describe('across processes', () => {
  test('the second process adopts what the first stored, without lock and exchange', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    backend.calls = [];
    expect(await second.getAccessToken()).toBe('access-1');
    expect(backend.calls).toEqual(['get']);
    expect(scene.server.ledger).toHaveLength(1);
    expect(scene.types()).toEqual(['login', 'adopted']);
  });

  test('at expiry one exchanges, the other re-reads inside the lock and adopts', async () => {
    const { scene, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const tokens = await Promise.all([first.getAccessToken(), second.getAccessToken()]);
    expect(tokens).toEqual(['access-2', 'access-2']);
    expect(scene.server.refreshes).toBe(1);
  });

  test('a refusal sends the flight back to the store: another set there is adopted', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: false });
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    // The second process is told "invalid" because the first has spent the token and saved its successor meanwhile.
    const winner = Promise.withResolvers<void>();
    scene.server.next('refresh', async (proceed) => {
      await winner.promise;
      return proceed();
    });
    const late = second.getAccessToken();
    await settle();
    expect(await first.getAccessToken()).toBe('access-2');
    winner.resolve();
    expect(await late).toBe('access-2');
    expect(scene.server.logins).toBe(1);
    expect(stored(backend).tokens.accessToken).toBe('access-2');
  });

  test('a waiter whose lock times out adopts what the holder saved, else says so and exchanges nothing', {
    tags: ['fault-13'],
  }, async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    await backend.open({ lock: true }).lock?.('key', { signal: new AbortController().signal });
    const failed = expect(first.getTokens()).rejects.toMatchObject({ code: 'lock_timeout', retryable: true });
    await scene.clock.advance(60_000);
    await failed;
    expect(scene.server.refreshes).toBe(0);

    const adopted = first.getAccessToken();
    await settle();
    backend.holder?.steal();
    backend.next('lock', () => {});
    const other = second.getAccessToken();
    await scene.clock.advance(60_000);
    expect(await Promise.all([adopted, other])).toEqual(['access-2', 'access-2']);
  });

  test('the lock’s late grant, after its time-out, is given back', async () => {
    const { scene, backend, first } = twoProcesses();
    const gate = Promise.withResolvers<void>();
    backend.next('lock', () => gate.promise);
    const failed = expect(first.getTokens()).rejects.toMatchObject({ code: 'lock_timeout' });
    await scene.clock.advance(60_000);
    await failed;
    gate.resolve();
    await settle();
    expect(backend.holder).toBeUndefined();
    expect(await first.getAccessToken()).toBe('access-1');
  });

  test('without the lease nothing is sent: the flight starts over', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    scene.events.length = 0;
    // The lease is lost between the lock and the send, after the flight has read under it.
    backend.next('lock', () => {});
    backend.next('get', () => {});
    backend.next('get', () => backend.holder?.steal());
    expect(await first.getAccessToken()).toBe('access-2');
    expect(scene.types()).toContain('lease_lost');
    expect(scene.server.ledger.filter(({ endpoint }) => endpoint === 'refresh')).toHaveLength(1);
    expect(backend.calls.filter((call) => call === 'lock')).toHaveLength(3);
  });

  test('a password is not sent without the lease either', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.next('compareAndSet', () => backend.holder?.steal());
    expect(await first.getAccessToken()).toBe('access-1');
    expect(scene.types()).toContain('lease_lost');
    expect(scene.server.logins).toBe(1);
  });

  test('a lease lost again and again is an error that can be tried again', async () => {
    const { backend, first } = twoProcesses();
    for (let turn = 0; turn < 3; turn++) backend.next('compareAndSet', () => backend.holder?.steal());
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'lock_timeout', retryable: true });
  });

  test('after a lost answer the token is not sent again without the lease', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let sent = 0;
    scene.server.next('refresh', () => {
      sent++;
      backend.holder?.steal();
      throw lostAnswer();
    });
    await expect(scene.until(first.getTokens())).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(1);
    expect(scene.server.refreshes).toBe(0);
  });

  test('who was robbed of the lock cannot save over the thief', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const gate = Promise.withResolvers<void>();
    scene.server.next('refresh', async (proceed) => {
      const issued = proceed();
      backend.holder?.steal();
      await gate.promise;
      return issued;
    });
    const robbed = first.getAccessToken();
    await settle();
    const thief = second.getAccessToken();
    await scene.clock.advance(2_000);
    gate.resolve();
    expect(await thief).toBe('access-3');
    expect(await robbed).toBe('access-3');
    expect(stored(backend).tokens.accessToken).toBe('access-3');
  });

  test('a record that others rewrite without new tokens is written again', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      const [[key, record]] = [...backend.records] as [[string, { id: string; value: string }]];
      backend.records.set(key, { ...record, id: 'rewritten' });
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    expect(stored(backend).tokens.accessToken).toBe('access-2');
  });

  test('a record that changes at every write is given up on', async () => {
    const { backend, first } = twoProcesses({ lock: false });
    for (let turn = 0; turn < 20; turn++) {
      backend.next('compareAndSet', () => {
        backend.records.set('key', {
          id: `id-${turn}`,
          value: '{"v":1,"guard":{"failures":0,"loginsAt":[]}}',
        });
      });
    }
    const session = createAuthSession(new FakeServer().provider(), { store: backend.open(), key: 'key' });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    first.dispose();
  });

  test('a refresh of another process is adopted as soon as the store tells of it', async () => {
    const { scene, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    await first.getAccessToken({ forceRefresh: true });
    await settle();
    expect(second.peek()?.accessToken).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('who waits for the lock adopts what is told of, and stands in line no longer', async () => {
    const { scene, backend, open, second } = twoProcesses({ lock: true, subscribe: true });
    const third = open({ store: backend.open({ subscribe: true }) });
    await second.getTokens();
    await third.getTokens();
    await scene.clock.advance(2 * hour);
    const lease = await backend
      .open({ lock: true })
      .lock?.('other', { signal: new AbortController().signal });
    const waiting = second.getAccessToken();
    await settle();
    expect(await third.getAccessToken()).toBe('access-2');
    expect(await waiting).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
    await lease?.release();
    await settle();
    expect(backend.holder).toBeUndefined();
    expect(scene.types()).not.toContain('store_failed');
  });

  test('a sign-out told of while the store is away is found when it is back', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    backend.next('compareAndSet', () => backend.breakDown('get'));
    await first.signOut();
    await scene.clock.advance(10_000);
    expect(second.peek()?.accessToken).toBe('access-1');
    backend.breakDown();
    await scene.clock.advance(limits.storeRetryMaxMs);
    await expect(second.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('a session that is disposed looks no more', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    backend.next('compareAndSet', () => backend.breakDown('get'));
    await first.signOut();
    await settle();
    expect(scene.clock.timers).toBe(1);
    second.dispose();
    expect(scene.clock.timers).toBe(0);
  });

  test('a store that cannot subscribe is an event and no failure', async () => {
    const scene = new Scene();
    const store = scene.memory();
    store.subscribe = () => {
      throw Object.assign(new Error('no'), { code: 'EMFILE' });
    };
    const session = scene.open({ store });
    expect(await session.getAccessToken()).toBe('access-1');
    expect(scene.events[0]).toMatchObject({ type: 'store_failed', operation: 'subscribe', reason: 'EMFILE' });
  });
});

/** The next refresh is answered while the store takes no writes; the result repairs it. */
function failNextSave(scene: Scene, backend: FakeBackend): () => void {
  let repair = (): void => {};
  scene.server.next('refresh', (proceed) => {
    repair = backend.breakDown('compareAndSet');
    return proceed();
  });
  return () => repair();
}

describe('stores that fail', () => {
  test('null for nothing is understood, and a lock that gives no lease is a clear error', async () => {
    const { open, backend } = twoProcesses();
    const { get, compareAndSet } = backend.open();
    const session = open({
      store: { get: async (key) => (await get(key)) ?? (null as never), compareAndSet },
    });
    expect(await session.getAccessToken()).toBe('access-1');
    const lock = async () => ({}) as never;
    await expect(
      open({ key: 'other', store: { get, compareAndSet, lock } }).getTokens(),
    ).rejects.toMatchObject({
      code: 'store_failed',
      detail: 'lock: it gave no Lease',
    });
  });

  test('pauses grow, also where the store cannot be told of them', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const pauses: number[] = [];
    for (let failure = 0; failure < 3; failure++) {
      scene.server.next('refresh', () => {
        throw neverSent();
      });
      const repair = backend.breakDown('compareAndSet');
      const error = await first.getTokens().catch((thrown: unknown) => thrown as AuthError);
      const pauseMs = ((error as AuthError).retryAt as number) - scene.clock.now();
      pauses.push(pauseMs);
      repair();
      await scene.clock.advance(pauseMs);
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000]);
  });

  test('a store that cannot be read is a clear error; a valid token lives on', async () => {
    const { scene, backend, first } = twoProcesses();
    const repair = backend.breakDown('get', 'compareAndSet', 'lock');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed', retryable: true });
    expect(scene.server.ledger).toEqual([]);
    repair();
    await first.getTokens();
    backend.breakDown('get', 'compareAndSet', 'lock');
    await scene.clock.advance(0.9 * hour);
    expect(await first.getAccessToken()).toBe('access-1');
    await settle();
    expect(await first.getAccessToken()).toBe('access-1');
    await scene.clock.advance(hour);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    repair();
    expect(await first.getAccessToken()).toBe('access-2');
  });

  test('a store that hangs is given up at its deadline', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.next('get', () => new Promise(() => {}));
    const failed = expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    await scene.clock.advance(5_000);
    await failed;
  });

  test('a login that cannot be counted is not sent', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.breakDown('compareAndSet');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(scene.server.ledger).toEqual([]);
  });

  test('without a lock a refresh is not sent to find out that the store is read-only', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    backend.breakDown('compareAndSet');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(scene.server.refreshes).toBe(0);
  });

  test('a pair that cannot be saved is kept, served, and saved later under the same lease', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    expect(await first.getAccessToken()).toBe('access-2');
    expect(backend.holder?.held()).toBe(true);
    expect(stored(backend).tokens.accessToken).toBe('access-1');
    await scene.clock.advance(5_000);
    expect(backend.holder?.held()).toBe(true);
    repair();
    await scene.clock.advance(10_000);
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(backend.holder).toBeUndefined();
    expect(scene.types()).toContain('store_recovered');
    expect(scene.server.refreshes).toBe(1);
  });

  test('the next refresh waits until the pair before it is saved', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(scene.server.refreshes).toBe(1);
    repair();
    expect(await first.getAccessToken()).toBe('access-3');
    expect(scene.server.ledger.at(-1)).toMatchObject({ presented: 'refresh-2', outcome: 'issued' });
  });

  test('where no work may outlive a call, the next call saves what could not be saved', async () => {
    const { scene, backend, open } = twoProcesses();
    const session = open({ scheduler: null });
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(scene.clock.timers).toBe(0);
    expect(backend.holder).toBeUndefined();
    repair();
    await scene.clock.advance(2_000);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(stored(backend).tokens.accessToken).toBe('access-2');
  });

  test('a save whose answer was lost is found to be done', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      backend.next('compareAndSet', async () => {
        // It takes effect, and its answer is lost.
        throw new Error('connection lost');
      });
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    await scene.clock.advance(1_000);
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('saving goes on after the lease is lost, and others find what was issued', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    backend.holder?.steal();
    await scene.clock.advance(hour / 2);
    repair();
    await scene.clock.advance(60_000);
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(await second.getAccessToken()).toBe('access-2');
    expect(scene.server.logins).toBe(1);
  });

  test('saving goes on until somebody else’s set stands there', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    repair();
    expect((await second.signIn()).accessToken).toBe('access-3');
    await scene.clock.advance(60_000);
    expect(stored(backend).tokens.accessToken).toBe('access-3');
    expect(await first.getAccessToken()).toBe('access-2');
    expect(await first.getAccessToken({ forceRefresh: true })).toBe('access-3');
  });

  test('a set that could not be saved takes the place of one that somebody gave up', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    backend.records.set([...backend.records.keys()][0] as string, {
      id: 'emptied',
      value: '{"v":1,"guard":{"failures":0,"loginsAt":[]}}',
    });
    repair();
    await scene.clock.advance(1_000);
    expect(stored(backend).tokens.accessToken).toBe('access-2');
  });

  test('dispose tries once more to save, and leaves nothing running', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    repair();
    first.dispose();
    await settle();
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(scene.clock.timers).toBe(0);
    expect(backend.holder).toBeUndefined();
  });

  test('what a disposed session could not save is kept for the next one on the same store', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const store = backend.open({ lock: true });
    const first = scene.open({ store, scheduler: noTimers });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    first.dispose();
    await settle();
    expect(scene.clock.timers).toBe(0);
    repair();
    await scene.clock.advance(2_000);
    const next = scene.open({ store, scheduler: noTimers });
    expect(await next.getAccessToken()).toBe('access-2');
    await settle();
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(scene.server.ledger).toHaveLength(2);
  });

  test('a sign-out while a failed save is tried again brings no token back', async () => {
    for (const outcome of ['fails', 'succeeds']) {
      const { scene, backend, first } = twoProcesses();
      await first.getTokens();
      await scene.clock.advance(2 * hour);
      const repair = failNextSave(scene, backend);
      await first.getTokens();
      repair();
      const gate = Promise.withResolvers<void>();
      backend.next('compareAndSet', async () => {
        await gate.promise;
        if (outcome === 'fails') throw new Error('down');
      });
      await scene.clock.advance(300);
      const signedOut = first.signOut();
      gate.resolve();
      await signedOut;
      await scene.clock.advance(60_000);
      await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
      expect(first.peek()).toBeUndefined();
      expect(stored(backend)).not.toHaveProperty('tokens');
    }
  });

  test('a store that loses every comparison while saving is an event', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const [key] = [...backend.records.keys()] as [string];
    scene.server.next('refresh', (proceed) => {
      for (let turn = 0; turn < 8; turn++) {
        backend.next('compareAndSet', () => {
          backend.records.set(key, { ...(backend.records.get(key) as TokenRecord), id: `rewritten-${turn}` });
        });
      }
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    expect(scene.events).toContainEqual(
      expect.objectContaining({ type: 'store_failed', reason: 'contention' }),
    );
  });

  test('a record this library did not write is reported and replaced', async () => {
    for (const value of [
      '',
      'torn {',
      '[]',
      '{"v":0}',
      '{"v":1}',
      '{"v":1,"guard":{"failures":-1,"loginsAt":[]}}',
    ]) {
      const scene = new Scene();
      const backend = new FakeBackend();
      backend.records.set('key', { id: 'foreign', value });
      const session = scene.open({ store: backend.open(), key: 'key' });
      expect(await session.getAccessToken()).toBe('access-1');
      expect(scene.types()).toContain('record_unreadable');
    }
  });

  test('a record of a later version is not overwritten', async () => {
    const { backend, open } = twoProcesses();
    backend.records.set('key', { id: 'later', value: '{"v":2}' });
    await expect(open({ key: 'key' }).getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(backend.records.get('key')?.id).toBe('later');
  });

  test('a driver’s error is reported by its name alone', async () => {
    const { scene, backend, first } = twoProcesses();
    backend.next('get', () => {
      throw Object.assign(new Error('SET key access-1'), {
        name: 'ReplyError',
        command: { args: ['access-1'] },
      });
    });
    const error = (await first.getTokens().catch((thrown: unknown) => thrown)) as Error;
    expect(error.message).toContain('get: ReplyError');
    expect(JSON.stringify([error, scene.events])).not.toContain('access-1');
  });
});

describe('signing out', () => {
  test('a sign-out is told to every session on the store, and lasts until signIn', async () => {
    const { scene, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    await first.signOut();
    await settle();
    for (const session of [first, second]) {
      await expect(session.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    }
    expect(scene.types().filter((type) => type === 'signed_out')).toHaveLength(2);
    expect((await first.signIn()).accessToken).toBe('access-2');
    expect(await first.getAccessToken()).toBe('access-2');
  });

  test('without notifications another process learns of it at its next look at the store', async () => {
    const { scene, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await first.signOut();
    await scene.clock.advance(2 * hour);
    await expect(second.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    expect(scene.server.ledger).toHaveLength(1);
  });

  test('a program started after the sign-out may log in', async () => {
    const { scene, first, open } = twoProcesses();
    await first.getTokens();
    await first.signOut();
    await scene.clock.advance(1_000);
    expect(await open().getAccessToken()).toBe('access-2');
  });

  test('a sign-out during an exchange drops what it brings', async () => {
    for (const lock of [true, false]) {
      const { scene, backend, first } = twoProcesses({ lock });
      await first.getTokens();
      await scene.clock.advance(2 * hour);
      const gate = Promise.withResolvers<void>();
      scene.server.next('refresh', async (proceed) => {
        await gate.promise;
        return proceed();
      });
      const overtaken = expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
      await settle();
      await first.signOut();
      gate.resolve();
      await overtaken;
      expect(stored(backend)).not.toHaveProperty('tokens');
      expect(first.peek()).toBeUndefined();
    }
  });

  test('a sign-out by another process during an exchange drops what it brings', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: false });
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', async (proceed) => {
      await second.signOut();
      return proceed();
    });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    expect(stored(backend)).not.toHaveProperty('tokens');
  });

  test('a sign-out while the result is being saved is found right after', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let signedOut: Promise<void> | undefined;
    scene.server.next('refresh', (proceed) => {
      backend.next('compareAndSet', () => {
        signedOut = first.signOut();
      });
      return proceed();
    });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    await signedOut;
    expect(stored(backend)).not.toHaveProperty('tokens');
  });

  test('the set is revoked where the provider can', async () => {
    const scene = new Scene();
    const revoked: string[] = [];
    const provider = {
      ...scene.server.provider(),
      revoke: async ({ accessToken }: { accessToken: string }) => {
        revoked.push(accessToken);
        throw new Error('too late');
      },
    };
    const session = createAuthSession(provider, { clock: scene.clock, store: scene.memory() });
    await session.getTokens();
    await session.signOut();
    expect(revoked).toEqual(['access-1']);
  });

  test('it is revoked although the store cannot be told', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const revoked: string[] = [];
    const provider = {
      ...scene.server.provider(),
      revoke: async ({ accessToken }: { accessToken: string }) => void revoked.push(accessToken),
    };
    const session = createAuthSession(provider, { clock: scene.clock, store: backend.open() });
    await session.getTokens();
    backend.breakDown('compareAndSet');
    await expect(session.signOut()).rejects.toMatchObject({ code: 'store_failed' });
    expect(revoked).toEqual(['access-1']);
  });

  test('a sign-out that cannot be stored holds here, and says that it was not told', async () => {
    const { backend, first } = twoProcesses();
    await first.getTokens();
    backend.breakDown('compareAndSet');
    await expect(first.signOut()).rejects.toMatchObject({ code: 'store_failed' });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    expect(first.peek()).toBeUndefined();
  });
});

describe('signing in', () => {
  test('signIn logs in although a fresh set is stored', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    expect((await second.signIn()).accessToken).toBe('access-2');
    expect(scene.server.logins).toBe(2);
    expect(stored(backend).tokens.accessToken).toBe('access-2');
  });

  test('a refusal leaves the stored tokens alone', async () => {
    const { backend, first } = twoProcesses();
    await first.getTokens();
    await expect(first.signIn({ password: 'wrong' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    expect(await first.getAccessToken()).toBe('access-1');
    expect(stored(backend).tokens.accessToken).toBe('access-1');
  });

  test('callers who need a token while a person signs in get one of their own if that fails', async () => {
    const { scene, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const signIn = first.signIn({ password: 'wrong' }).catch((error: { code: string }) => error.code);
    const call = first.getAccessToken();
    expect(await signIn).toBe('invalid_credentials');
    expect(await call).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('signIn waits for the flight under way, and sign-ins at once share one login', async () => {
    const { scene, first } = twoProcesses();
    const call = first.getAccessToken();
    const [left, right] = await Promise.all([first.signIn(), first.signIn()]);
    expect(await call).toBe('access-1');
    expect(left).toBe(right);
    expect(scene.server.logins).toBe(2);
  });

  test('a sign-in given up while it waits sends nothing', async () => {
    const { scene, first } = twoProcesses();
    const gate = Promise.withResolvers<void>();
    scene.server.next('login', async (proceed) => {
      await gate.promise;
      return proceed();
    });
    const call = first.getAccessToken();
    const controller = new AbortController();
    const signIn = first.signIn({ signal: controller.signal });
    await settle();
    controller.abort(new Error('gone'));
    await expect(signIn).rejects.toThrow('gone');
    gate.resolve();
    await call;
    await settle();
    expect(scene.server.logins).toBe(1);
  });

  test('a sign-in that cannot be saved is no success, and its tokens are not lost', {
    tags: ['fault-65'],
  }, async () => {
    const { scene, backend, first } = twoProcesses();
    let repair = (): void => {};
    scene.server.next('login', (proceed) => {
      repair = backend.breakDown('compareAndSet');
      return proceed();
    });
    await expect(first.signIn()).rejects.toMatchObject({ code: 'store_failed' });
    expect(first.peek()?.accessToken).toBe('access-1');
    repair();
    await scene.clock.advance(1_000);
    expect(stored(backend).tokens.accessToken).toBe('access-1');
  });

  test('signIn goes through although another process has signed out unnoticed', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await second.signOut();
    expect((await first.signIn()).accessToken).toBe('access-2');
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(scene.server.logins).toBe(2);
  });

  test('a sign-in right after a sign-out waits for it', async () => {
    const { backend, first } = twoProcesses();
    await first.getTokens();
    const gate = Promise.withResolvers<void>();
    backend.next('get', () => gate.promise);
    const signedOut = first.signOut();
    const signedIn = first.signIn();
    await settle();
    gate.resolve();
    await signedOut;
    expect((await signedIn).accessToken).toBe('access-2');
    expect(stored(backend).tokens.accessToken).toBe('access-2');
    expect(await first.getAccessToken()).toBe('access-2');
  });

  test('a sign-in given up before it began sends nothing', async () => {
    const { scene, first } = twoProcesses();
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(first.signIn({ signal })).rejects.toThrow('gone');
    await settle();
    expect(scene.server.logins).toBe(0);
  });

  test('a sign-in that waits when its session is disposed sends nothing', async () => {
    const { scene, first } = twoProcesses();
    const gate = Promise.withResolvers<void>();
    scene.server.next('login', async (proceed) => {
      await gate.promise;
      return proceed();
    });
    const call = first.getAccessToken();
    const signIn = expect(first.signIn()).rejects.toMatchObject({ code: 'disposed' });
    await settle();
    first.dispose();
    gate.resolve();
    expect(await call).toBe('access-1');
    await signIn;
    expect(scene.server.logins).toBe(1);
  });

  test('an empty password is a mistake, and not sent', async () => {
    const { scene, first } = twoProcesses();
    await expect(first.signIn({ password: '' })).rejects.toMatchObject({ code: 'invalid_options' });
    expect(scene.server.ledger).toEqual([]);
  });

  test('without credentials signIn needs a password', async () => {
    const { scene } = twoProcesses();
    const session = scene.open({ provider: { password: null } });
    await expect(session.signIn()).rejects.toMatchObject({ code: 'reauthentication_required' });
    expect((await session.signIn({ password: 'correct horse' })).accessToken).toBe('access-1');
  });

  test('a provider that takes no password says so', async () => {
    const { prepareSignIn: _, ...provider } = new FakeServer().provider();
    const session = createAuthSession(provider);
    await expect(session.signIn({ password: 'x' })).rejects.toMatchObject({ code: 'invalid_options' });
  });

  test('signIn is not held up by our own cool-down', async () => {
    const { scene, first } = twoProcesses();
    scene.server.next('login', () => {
      throw neverSent();
    });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect((await first.signIn()).accessToken).toBe('access-1');
  });
});

describe('the stored set', () => {
  test('at a cold start one that is still valid is served, whatever becomes of its refresh', async () => {
    const { scene, first, open } = twoProcesses();
    await first.getTokens();
    for (const share of [0.87, 0.995]) {
      await scene.clock.advance(share * hour - (scene.clock.now() - scene.clock.start));
      scene.server.next('refresh', () => {
        throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 1_000 });
      });
      expect(await open().getAccessToken()).toBe('access-1');
      expect(await open().getAccessToken()).toBe('access-1');
      await scene.clock.advance(1_000);
    }
  });

  test('a refused refresh token is not left for the next process to present', async () => {
    const { scene, first, open } = twoProcesses();
    const start = () => open({ provider: { password: 'correct horse' } });
    await first.getTokens();
    scene.server.revokeAll();
    scene.server.password = 'changed';
    await scene.clock.advance(2 * hour);
    const failed = expect(start().getTokens()).rejects.toMatchObject({ code: 'invalid_credentials' });
    await scene.clock.advance(3_000);
    await failed;
    for (let count = 0; count < 3; count++) {
      await expect(start().getTokens()).rejects.toMatchObject({ code: 'login_blocked' });
    }
    expect(scene.server.refreshes).toBe(1);
  });

  test('one that nobody has refused is not erased because a new one cannot be had', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const open = () =>
      scene.open({
        store: backend.open(),
        provider: { password: null },
        initialTokens: { accessToken: 'given', expiresInMs: hour },
      });
    const session = open();
    await session.getTokens();
    await expect(session.getTokens({ forceRefresh: true })).rejects.toMatchObject({
      code: 'reauthentication_required',
    });
    expect(await open().getAccessToken()).toBe('given');
    await scene.clock.advance(hour - 1);
    expect(await open().getAccessToken()).toBe('given');
  });

  test('an access token that was refused is not adopted at a cold start', async () => {
    const { scene, first, second } = twoProcesses();
    const { accessToken } = await first.getTokens();
    expect(await second.getAccessToken({ rejected: accessToken })).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('forceRefresh is not satisfied by a flight that only looked into the store', async () => {
    const { first, second } = twoProcesses();
    await first.getTokens();
    const [plain, forced] = await Promise.all([
      second.getAccessToken(),
      second.getAccessToken({ forceRefresh: true }),
    ]);
    expect([plain, forced]).toEqual(['access-1', 'access-2']);
  });

  test('a latch written while a set waits to be saved survives the save', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      backend.next('compareAndSet', () => {
        throw new Error('down');
      });
      return proceed();
    });
    await first.getTokens();
    await expect(first.signIn({ password: 'wrong' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    await scene.clock.advance(60_000);
    await first.getAccessToken({ forceRefresh: true });
    expect(stored(backend).guard.latch).toBeDefined();
  });
});

describe('sessions of one account that differ', () => {
  test('a caller with credentials is not refused because it joined one without', async () => {
    const scene = new Scene();
    const store = scene.memory();
    const without = scene.open({ store, provider: { password: null } });
    const having = scene.open({ store });
    const [left, right] = await Promise.allSettled([without.getAccessToken(), having.getAccessToken()]);
    expect(left).toMatchObject({ status: 'rejected', reason: { code: 'reauthentication_required' } });
    expect(right).toMatchObject({ value: 'access-1' });
  });

  test('timers serve whoever wants them', async () => {
    const scene = new Scene();
    const store = scene.memory();
    scene.open({ store, scheduler: null });
    const session = scene.open({ store, keepAlive: true });
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    expect(scene.server.refreshes).toBe(2);
  });

  test('every session hears of a sign-out, also when a listener disposes one', async () => {
    const scene = new Scene();
    const store = scene.memory();
    const heard: number[] = [];
    const sessions = [0, 1, 2].map((index) =>
      scene.open({
        store,
        onEvent: ({ type }) => {
          if (type !== 'signed_out') return;
          heard.push(index);
          sessions[index]?.dispose();
        },
      }),
    );
    await sessions[0]?.getTokens();
    await sessions[0]?.signOut();
    expect(heard).toEqual([0, 1, 2]);
  });
});

describe('hooks of the user’s own that fail', () => {
  const fails = (): never => {
    throw new Error('hook');
  };

  test.each<[string, AuthSessionOptions]>([
    ['scheduler', { scheduler: { schedule: fails } }],
    ['waitUntil', { waitUntil: fails }],
    ['refreshPolicy', { refreshPolicy: fails }],
    ['refreshPolicy without an answer', { refreshPolicy: () => undefined as never }],
    ['refreshPolicy without instants', { refreshPolicy: () => ({ advisoryAt: '1' }) as never }],
    ['random', { random: fails }],
    ['random without a number', { random: () => ({}) as never }],
    ['onEvent', { onEvent: fails }],
  ])('%s breaks nothing', async (_, options) => {
    const { scene, open } = twoProcesses({ lock: true, subscribe: true });
    const session = open(options);
    expect(await session.getAccessToken()).toBe('access-1');
    const other = open();
    await other.getAccessToken({ forceRefresh: true });
    await settle();
    expect(await session.getAccessToken()).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });
});

describe('back-off', () => {
  test('timers back off while the store is down, and come back', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const session = scene.open({ store: backend.open({ lock: true }), keepAlive: true });
    await session.getTokens();
    const repair = backend.breakDown('get', 'compareAndSet', 'lock');
    await scene.clock.advance(3 * hour);
    expect(scene.types().filter((type) => type === 'background_failed').length).toBeLessThan(50);
    repair();
    await scene.clock.advance(6 * 60_000);
    expect(scene.server.refreshes).toBe(1);
  });

  test.each(['invalid_credentials', 'credentials_unavailable', 'invalid_options'] as const)(
    'a refresh that throws %s is paused like any other',
    async (code) => {
      const { scene, first } = twoProcesses();
      await first.getTokens();
      await scene.clock.advance(2 * hour);
      let presented = 0;
      for (let call = 0; call < 5; call++) {
        scene.server.next('refresh', () => {
          presented++;
          throw new AuthError(code, { provider: 'fake', delivery: 'answered' });
        });
        await expect(scene.until(first.getTokens())).rejects.toMatchObject({ code });
      }
      expect(presented).toBe(1);
    },
  );

  test('a blip before it takes no lost answer its second chance, and a 429 gives none back', async () => {
    const { scene, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let sent = 0;
    const fail = (error: () => Error) =>
      scene.server.next('refresh', () => {
        sent++;
        throw error();
      });
    fail(neverSent);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
    await scene.clock.advance(1_000);
    for (const error of [lostAnswer, lostAnswer]) fail(error);
    await expect(scene.until(first.getTokens())).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(3);
    await scene.clock.advance(60_000);
    fail(() => new AuthError('rate_limited', { provider: 'fake' }));
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'rate_limited' });
    await scene.clock.advance(60_000);
    fail(lostAnswer);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect(sent).toBe(5);
  });
});

describe('sign-ins that must not be taken for one another', () => {
  test('another session’s sign-in proves nothing about this one’s password', async () => {
    const scene = new Scene();
    const store = scene.memory();
    const knows = scene.open({ store });
    const guesses = scene.open({ store, provider: { password: 'a guess' } });
    const [left, right] = await Promise.allSettled([knows.signIn(), guesses.signIn()]);
    expect(left).toMatchObject({ status: 'fulfilled' });
    expect(right).toMatchObject({ status: 'rejected', reason: { code: 'invalid_credentials' } });
    expect(scene.server.logins).toBe(2);
  });

  test('one after a sign-out does not join one from before it', async () => {
    const { scene, first } = twoProcesses();
    scene.server.next('login', async (proceed) => {
      await settle();
      return proceed();
    });
    const before = first.signIn().catch(({ code }) => code);
    await Promise.resolve();
    const signedOut = first.signOut();
    const after = first.signIn();
    expect(await before).toBe('signed_out');
    await signedOut;
    expect(await first.getAccessToken()).toBe((await after).accessToken);
  });

  test('a caller is not refused for another session’s wrong password', async () => {
    const scene = new Scene();
    const store = scene.memory();
    const wrong = scene.open({ store, provider: { password: 'wrong' } });
    const right = scene.open({ store });
    const [left, other] = await Promise.allSettled([wrong.getAccessToken(), right.getAccessToken()]);
    expect(left).toMatchObject({ reason: { code: 'invalid_credentials' } });
    expect(other).toMatchObject({ value: 'access-1' });
  });

  test('a mistyped sign-in leaves initial tokens alone', async () => {
    const scene = new Scene();
    const session = scene.open({ initialTokens: { accessToken: 'given', expiresInMs: hour } });
    await expect(session.signIn({ password: 'typo' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    expect(await session.getAccessToken()).toBe('given');
    expect(scene.types()).not.toContain('store_recovered');
  });
});

describe('small windows', () => {
  test('one 401 costs one exchange, also where the server issues the same access token again', async () => {
    const { scene, first } = twoProcesses();
    const sent = await first.getTokens();
    for (let call = 0; call < 3; call++) {
      scene.server.next('refresh', (proceed) => ({ ...proceed(), accessToken: sent.accessToken }));
    }
    const next = await first.tokenRejected(sent, { status: 401, headers: new Headers() });
    expect(next?.accessToken).toBe(sent.accessToken);
    expect(next?.id).not.toBe(sent.id);
    expect(scene.server.refreshes).toBe(1);
  });

  test.each([
    ['429', () => new AuthError('rate_limited', { provider: 'fake' })],
    ['no connection', neverSent],
  ])('a token whose answer was lost is not sent twice again after %s', async (_, second) => {
    const { scene, first, open } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    let sent = 0;
    const fail = (error: () => Error) =>
      scene.server.next('refresh', () => {
        sent++;
        throw error();
      });
    for (const error of [lostAnswer, second, lostAnswer, lostAnswer, lostAnswer]) fail(error);
    await scene.until(first.getTokens().catch(() => {}));
    expect(sent).toBe(2);
    await scene.clock.advance(60_000);
    await scene.until(first.getTokens().catch(() => {}));
    expect(sent).toBe(3);
    await scene.clock.advance(60_000);
    await scene.until(
      open()
        .getTokens()
        .catch(() => {}),
    );
    expect(sent).toBe(4);
  });

  test('a slow notification does not put an old set back', async () => {
    const { backend, open, second } = twoProcesses({ lock: true, subscribe: true });
    const store = backend.open({ lock: true, subscribe: true });
    const { get } = store;
    const gate = Promise.withResolvers<void>();
    let slow = false;
    store.get = async (key) => {
      const record = await get(key);
      if (slow) {
        slow = false;
        await gate.promise;
      }
      return record;
    };
    const first = open({ store });
    await first.getTokens();
    slow = true;
    await second.signIn();
    await settle();
    const newest = await first.signIn();
    gate.resolve();
    await settle();
    expect(first.peek()).toBe(newest);
  });

  test('a timer that is refused tells the other processes', async () => {
    const { scene, open } = twoProcesses();
    const sessions = [1, 2, 3, 4].map(() => open({ scheduler: undefined, keepAlive: true }));
    for (const session of sessions) await session.getTokens();
    scene.server.revokeAll();
    await scene.clock.advance(0.9 * hour);
    expect(scene.server.refreshes).toBe(1);
    expect(scene.server.logins).toBe(1);
    for (const session of sessions) session.dispose();
  });

  test.each(['password', 'refresh token'])(
    'a sign-out between the last write and the send keeps the %s back',
    async (secret) => {
      const { scene, backend, first } = twoProcesses({ lock: false });
      if (secret === 'refresh token') await first.getTokens();
      await scene.clock.advance(2 * hour);
      const before = scene.server.ledger.length;
      let signedOut: Promise<void> | undefined;
      backend.next('compareAndSet', () => {
        signedOut = first.signOut();
      });
      await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
      await signedOut;
      expect(scene.server.ledger).toHaveLength(before);
    },
  );

  test('an aborted caller does not wait for an early refresh', async () => {
    const { scene, open } = twoProcesses();
    const session = open({ scheduler: null });
    await session.getTokens();
    await scene.clock.advance(0.9 * hour);
    scene.server.next('refresh', () => new Promise(() => {}));
    const controller = new AbortController();
    const call = expect(session.getTokens({ signal: controller.signal })).rejects.toThrow('gone');
    await settle();
    controller.abort(new Error('gone'));
    await call;
  });

  test('sign-out does not show the server a token that it has answered', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const revoked: (string | undefined)[] = [];
    const provider = {
      ...scene.server.provider(),
      revoke: async ({ refreshToken }: { refreshToken?: string }) => void revoked.push(refreshToken),
    };
    const session = createAuthSession(provider, {
      clock: scene.clock,
      store: backend.open(),
      scheduler: noTimers,
    });
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await session.getTokens();
    repair();
    await session.signOut();
    expect(revoked).toEqual(['refresh-2']);
  });

  test('a cancel and an unsubscribe that throw break nothing', async () => {
    const fails = () => () => {
      throw new Error('stop');
    };
    const scene = new Scene();
    const store = { ...scene.memory(), subscribe: fails };
    const session = scene.open({ store, scheduler: { schedule: fails } });
    await session.getTokens();
    await session.getTokens({ forceRefresh: true });
    await session.signOut();
    session.dispose();
  });

  test('mistyped passwords put no refresh off', async () => {
    const { scene, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(0.85 * hour);
    for (let turn = 0; turn < 3; turn++) await first.signIn({ password: 'typo' }).catch(() => {});
    await first.getTokens();
    await settle();
    expect(scene.server.refreshes).toBe(1);
  });
});
