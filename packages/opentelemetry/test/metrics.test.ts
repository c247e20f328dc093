import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '@auth/store-file';
import { beforeEach, describe, expect, test } from 'vitest';
import { countedEvents } from '../src/counted-events.js';
import { eventsOfEachType } from './support/events.js';
import { hour, minute, Scene, storeWith, timelessStore } from './support/scene.js';

const provider = { 'auth.provider.name': 'password-refresh' };

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});

describe('auth.client.exchange.duration', () => {
  const series = () => scene.collected.series('auth.client.exchange.duration');

  test('has logins and refreshes, in seconds', async () => {
    const session = scene.open();
    scene.server.set({ delayBeforeCommitMs: 300 });
    await scene.run(session.getTokens());
    scene.server.set({ delayBeforeCommitMs: 1200 });
    await scene.run(session.getTokens({ forceRefresh: true }));
    await scene.clock.advance(minute);
    await scene.run(session.getTokens({ forceRefresh: true }));
    expect(await series()).toEqual([
      { attributes: { ...provider, 'auth.exchange.type': 'login' }, value: { count: 1, sum: 0.3 } },
      { attributes: { ...provider, 'auth.exchange.type': 'refresh' }, value: { count: 2, sum: 2.4 } },
    ]);
    expect([scene.server.ledger.logins, scene.server.ledger.refreshes]).toEqual([1, 2]);
  });

  test('has failures, with their code and the status of the answer', async () => {
    const session = scene.open();
    scene.server.answerNext({ status: 503 });
    expect(await scene.run(scene.failure(session.getTokens()))).toBe('server_unavailable');
    await scene.clock.advance(hour);
    const unreachable = scene.open({ key: 'other', fetch: () => Promise.reject(connectionRefused()) });
    expect(await scene.run(scene.failure(unreachable.getTokens()))).toBe('network');
    const login = { ...provider, 'auth.exchange.type': 'login' };
    expect(await series()).toEqual([
      {
        attributes: { ...login, 'error.type': 'server_unavailable', 'http.response.status_code': 503 },
        value: { count: 1, sum: 0 },
      },
      { attributes: { ...login, 'error.type': 'network' }, value: { count: 1, sum: 0 } },
    ]);
  });

  test('has a refresh that was sent twice once, with the time of both; its loss is a resend', async () => {
    const session = scene.open();
    await scene.run(session.getTokens());
    scene.server.answerNext({ on: 'refresh', status: 502 });
    await scene.clock.advance(2 * hour);
    await scene.run(session.getTokens());
    const refresh = { ...provider, 'auth.exchange.type': 'refresh' };
    // The pause before the second is 200 to 1000 ms, and the session's random number 0.5.
    expect((await series())[1]).toEqual({ attributes: refresh, value: { count: 1, sum: 0.6 } });
    expect(await scene.collected.series('auth.client.exchange.resends')).toEqual([
      {
        attributes: { ...refresh, 'error.type': 'server_unavailable', 'http.response.status_code': 502 },
        value: 1,
      },
    ]);
  });
});

describe('auth.client.token.age', () => {
  const series = () => scene.collected.series('auth.client.token.age');
  const replaced = { ...provider, 'auth.token.end': 'replaced' };

  test('is that of the token that a refresh replaced, whichever process fetched it', async () => {
    const shared = timelessStore();
    const other = new Scene();
    const here = scene.open({ store: storeWith({}, shared) });
    const there = scene.open({ store: storeWith({}, shared), onEvent: other.collected.listener() });
    await scene.run(here.getTokens());
    await scene.run(there.getTokens());
    await scene.clock.advance(2 * hour);
    await scene.run(there.getTokens());
    await scene.run(here.getTokens());
    expect(scene.server.ledger.refreshes).toBe(1);
    expect(await series()).toEqual([]);
    const theirs = await other.collected.series('auth.client.token.age');
    expect(theirs).toEqual([{ attributes: replaced, value: { count: 1, sum: (2 * hour) / 1000 } }]);
  });

  test('is that of the token that the API refused, once however many calls it refuses', async () => {
    const session = scene.open();
    await scene.run(session.getTokens());
    await scene.clock.advance(10 * minute);
    scene.server.revokeAccessTokens();
    const call = () => scene.run(session.fetch(scene.server.apiUrl));
    await Promise.all([call(), call(), call()]);
    expect(scene.server.ledger.refreshes).toBe(1);
    expect(await series()).toEqual([
      { attributes: { ...provider, 'auth.token.end': 'rejected' }, value: { count: 1, sum: 600 } },
      { attributes: replaced, value: { count: 1, sum: 600 } },
    ]);
  });
});

describe('a counter', () => {
  /** What the only series of a counter holds. */
  const only = async (name: string): Promise<unknown> => {
    const [first, ...others] = await scene.collected.series(name);
    expect(others).toEqual([]);
    return first;
  };

  test('has tokens that were taken over', async () => {
    const shared = timelessStore();
    const sessions = Array.from({ length: 4 }, () => scene.open({ store: storeWith({}, shared) }));
    for (const session of sessions) await scene.run(session.getTokens());
    expect(scene.server.ledger.tokenCalls).toBe(1);
    expect(await only('auth.client.token.adoptions')).toEqual({ attributes: provider, value: 3 });
  });

  test('has tokens that the API refused, and whether it was too soon for an exchange', async () => {
    const session = scene.open();
    await scene.run(session.getTokens());
    scene.server.answerNext({ on: 'api', status: 401, times: 3 });
    await scene.run(session.fetch(scene.server.apiUrl));
    await scene.run(session.fetch(scene.server.apiUrl));
    expect(scene.server.ledger.refreshes).toBe(1);
    const rejected = { ...provider, 'http.response.status_code': 401 };
    expect(await scene.collected.series('auth.client.token.rejections')).toEqual([
      { attributes: { ...rejected, 'auth.rejection.ignored': false }, value: 1 },
      // The refused replay of the first call, and the second call.
      { attributes: { ...rejected, 'auth.rejection.ignored': true }, value: 2 },
    ]);
  });

  test('has refreshes in the background that failed', async () => {
    const session = scene.open();
    await scene.run(session.getTokens());
    await scene.clock.advance(55 * minute);
    scene.server.answerNext({ on: 'refresh', status: 429 });
    await scene.run(session.getTokens());
    await scene.clock.advance(0);
    expect(await only('auth.client.background.failures')).toEqual({
      attributes: { ...provider, 'error.type': 'rate_limited' },
      value: 1,
    });
  });

  test('has logins that were refused, and those not sent for that', async () => {
    const session = scene.open({ password: 'wrong' });
    // The refusal is hashed outside the clock.
    expect(await scene.failure(session.getTokens())).toBe('invalid_credentials');
    expect(await scene.failure(session.getTokens())).toBe('login_blocked');
    expect(scene.server.ledger.logins).toBe(1);
    expect(await only('auth.client.login.blocks')).toEqual({ attributes: provider, value: 2 });
  });

  test('has sign-outs', async () => {
    const session = scene.open();
    await scene.run(session.getTokens());
    await scene.run(session.signOut());
    expect(await only('auth.client.sign_outs')).toEqual({ attributes: provider, value: 1 });
  });

  test('has failures of the store: a word for a reason, and no sentence with a path in it', async () => {
    const failing = (error: Error) => storeWith({ get: () => Promise.reject(error) });
    const sentence = Object.assign(new Error(), { name: 'no such file: /home/ada/tokens' });
    for (const error of [connectionRefused(), sentence]) {
      const session = scene.open({ store: failing(error) });
      expect(await scene.run(scene.failure(session.getTokens()))).toBe('store_failed');
    }
    const silent = scene.open({ store: storeWith({ get: () => new Promise(() => {}) }) });
    expect(await scene.run(scene.failure(silent.getTokens()))).toBe('store_failed');
    const failed = { ...provider, 'auth.store.operation': 'get' };
    expect(await scene.collected.series('auth.client.store.failures')).toEqual([
      { attributes: { ...failed, 'error.type': 'ECONNREFUSED' }, value: 1 },
      { attributes: { ...failed, 'error.type': 'Error' }, value: 1 },
      { attributes: { ...failed, 'error.type': '_OTHER' }, value: 1 },
    ]);
  });

  test('has tokens stored after they could not be', async () => {
    let fails = false;
    const inner = timelessStore();
    const store = storeWith(
      {
        compareAndSet: (...call) => {
          if (fails) throw connectionRefused();
          return inner.compareAndSet(...call);
        },
      },
      inner,
    );
    const session = scene.open({ store, onEvent: listenerThat((type) => (fails = type === 'login')) });
    await scene.run(session.getTokens());
    fails = false;
    await scene.clock.advance(minute);
    expect(await only('auth.client.store.recoveries')).toEqual({ attributes: provider, value: 1 });
  });

  test('has records that hold something else', async () => {
    const store = timelessStore();
    await store.compareAndSet('key', undefined, { id: '1', value: 'somebody else’s' });
    await scene.run(scene.open({ store, key: 'key' }).getTokens());
    expect(await scene.collected.series('auth.client.store.unreadable_records')).toMatchObject([
      { attributes: provider },
    ]);
  });

  test('has records that the file store set aside, under its own name', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'telemetry-'));
    try {
      const onEvent = scene.collected.listener();
      const store = fileStore({ directory, onEvent });
      await store.compareAndSet('key', undefined, { id: '1', value: 'a' });
      for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) await writeFile(join(entry.parentPath, entry.name), 'torn');
      }
      const unreadable = await store.get('key');
      await store.compareAndSet('key', unreadable?.id, { id: '2', value: 'b' });
      expect(await only('auth.client.store.set_aside_records')).toEqual({
        attributes: { 'auth.provider.name': 'store-file' },
        value: 1,
      });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  test('has leases that were lost', async () => {
    const held = [false, true];
    const lost = new AbortController().signal;
    const lock = () =>
      Promise.resolve({ lost, held: () => (held.length > 1 ? held.shift() === true : true), release() {} });
    await scene.run(scene.open({ store: storeWith({ lock }) }).getTokens());
    expect(await only('auth.client.lease.losses')).toEqual({ attributes: provider, value: 1 });
  });

  test('has tokens that live too short for logins ahead', async () => {
    scene.collected.listener()(eventsOfEachType.login_ahead_off);
    expect(await only('auth.client.login.ahead.refusals')).toMatchObject({ value: 1 });
  });

  test('has stores that keep tokens in a lesser place', async () => {
    scene.collected.listener()(eventsOfEachType.store_degraded);
    expect(await only('auth.client.store.degradations')).toEqual({
      attributes: { 'auth.provider.name': 'example', 'auth.store.kept_in': 'memory' },
      value: 1,
    });
  });
});

test('each event is counted once, and each metric has a unit and says what it is', async () => {
  const record = scene.collected.listener();
  for (const event of Object.values(eventsOfEachType)) record(event);
  const metrics = await scene.collected.metrics();
  for (const { descriptor, dataPoints } of metrics) {
    expect(descriptor.description).toMatch(/^[A-Z].*\.$/);
    expect(descriptor.unit).toMatch(/^(s|\{[a-z_]+\})$/);
    expect(dataPoints.length, descriptor.name).toBeGreaterThan(0);
  }
  const names = metrics.map(({ descriptor }) => descriptor.name);
  expect(names).toEqual(expect.arrayContaining(Object.values(countedEvents).map(({ name }) => name)));
});

function connectionRefused(): Error {
  return Object.assign(new Error('connect'), { code: 'ECONNREFUSED', syscall: 'connect' });
}

/** The scene's own listener, and one more that hears each event's type first. */
function listenerThat(hear: (type: string) => void) {
  const record = scene.collected.listener();
  return (event: Parameters<typeof record>[0]): void => {
    hear(event.type);
    record(event);
  };
}
