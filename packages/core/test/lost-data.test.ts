import { describe, expect, test } from 'vitest';
import { encryptedStore, leasedStore } from '../src/index.js';
import { hour, minute, second } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { FakeBackend } from './support/fake-backend.js';
import { neverSent } from './support/fake-server.js';
import { settle } from './support/manual-clock.js';
import { noTimers } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

const all = { lock: true, subscribe: true, dataId: true };

/** Lets everything that needs no caller happen. */
async function quietly({ scene }: ReturnType<typeof twoProcesses>): Promise<void> {
  for (let step = 0; step < 20; step++) {
    await settle();
    await scene.clock.advance(100);
  }
}

/** Two processes that hold the same tokens, and do not hear of each other from here on. */
async function twoThatDoNotHear() {
  const processes = twoProcesses(all);
  await processes.first.getTokens();
  await processes.second.getTokens();
  return { ...processes, reconnect: processes.backend.cutOffNotifications() };
}

describe('a store that has lost its data', { tags: ['fault-134'] }, () => {
  test('gets back what a process holds, without a login and without a caller', async () => {
    const processes = twoProcesses(all);
    const { scene, backend, first } = processes;
    const tokens = await first.getTokens();
    backend.loseData();
    await quietly(processes);
    expect(backend.envelope.tokens?.id).toBe(tokens.id);
    expect(await first.getTokens()).toBe(tokens);
    expect(scene.server.ledger).toHaveLength(1);
    expect(scene.types()).toEqual(expect.arrayContaining(['data_lost', 'store_recovered']));
    // A program that starts later holds nothing, and needs no login.
    expect((await processes.open().getTokens()).id).toBe(tokens.id);
    expect(scene.server.logins).toBe(1);
  });

  test('and that tells nobody gets it back at the next use that finds the record gone', async () => {
    const { scene, backend, first } = twoProcesses(all);
    const tokens = await first.getTokens();
    backend.loseData(false);
    await scene.clock.advance(hour);
    await scene.until(first.getTokens());
    expect(scene.server).toMatchObject({ logins: 1, refreshes: 1 });
    expect(backend.envelope).toMatchObject({ generation: 1, lineage: expect.any(String) });
    expect(backend.envelope.tokens?.id).not.toBe(tokens.id);
  });

  test.each([
    ['first', 'second'],
    ['second', 'first'],
  ] as const)('keeps the newer of two sets of one login, whoever writes first: %s', async (early, late) => {
    const processes = await twoThatDoNotHear();
    const { scene, backend, first, second: other, reconnect } = processes;
    const newer = await scene.until(first.getTokens({ forceRefresh: true }));
    // The other has not heard of it, and holds a refresh token that is spent.
    backend.loseData(false);
    const sessions = { first, second: other };
    await sessions[early].maintain();
    await sessions[late].maintain();
    reconnect();
    await quietly(processes);
    await scene.clock.advance(hour);
    await scene.until(Promise.all([first.getTokens(), other.getTokens()]));
    expect(scene.server.ledger.map(({ outcome }) => outcome)).toEqual(['issued', 'issued', 'issued']);
    expect(scene.server.logins).toBe(1);
    expect(backend.envelope.generation).toBe(2);
    expect(newer.refreshToken).toBe('refresh-2');
  });

  test('a refresh token that was written back waits until others have written theirs', async () => {
    const { scene, backend, first } = twoProcesses(all);
    const { expiresAt = 0, issuedAt } = await first.getTokens();
    await scene.clock.advance(expiresAt - issuedAt - 20 * second);
    backend.loseData(false);
    const renewed = first.getTokens({ forceRefresh: true });
    for (let passed = 0; passed < 9_900; passed += 100) await scene.clock.advance(100);
    expect(scene.server.refreshes).toBe(0);
    await scene.until(renewed);
    expect(scene.server.refreshes).toBe(1);
    expect(backend.envelope).not.toHaveProperty('restoredAt');
  });

  test('such a token is refreshed after as long through a store that does not tell of lost data', async () => {
    const { scene, backend, first } = twoProcesses(all);
    await first.getTokens();
    backend.loseData(false);
    await first.maintain();
    await scene.clock.advance(second);
    const other = scene.open({ store: backend.open({ lock: true }), scheduler: noTimers });
    await other.getTokens();
    const renewed = other.getTokens({ forceRefresh: true });
    for (let passed = 0; passed < 11_000; passed += 100) await scene.clock.advance(100);
    expect(scene.server.refreshes).toBe(1);
    await renewed;
  });

  test('a sign-out is written back, and wins over a set that is', async () => {
    const processes = await twoThatDoNotHear();
    const { scene, backend, first, second: other, reconnect } = processes;
    await other.signOut();
    // The first has not heard of the sign-out.
    backend.loseData(false);
    await first.maintain();
    await quietly(processes);
    expect(backend.envelope.tokens).toBeDefined();
    reconnect();
    await quietly(processes);
    expect(backend.envelope).toMatchObject({ signedOutAt: expect.any(Number) });
    expect(await errorCodeOf(first.getTokens())).toBe('signed_out');
    expect(scene.server.logins).toBe(1);
  });

  test('a sign-out after which somebody signed in again is not written back', async () => {
    const processes = twoProcesses(all);
    const { backend, first, second: other } = processes;
    await first.getTokens();
    await other.getTokens();
    await first.signOut();
    const { id } = await other.signIn();
    await quietly(processes);
    backend.loseData();
    await quietly(processes);
    expect(backend.envelope.tokens?.id).toBe(id);
    expect(await other.getAccessToken()).toBe('access-2');
  });

  test('over a set of another login nothing is written back', async () => {
    const processes = twoProcesses(all);
    const { scene, backend, first } = processes;
    await first.getTokens();
    await scene.until(first.getTokens({ forceRefresh: true }));
    backend.loseData(false);
    const reconnect = backend.cutOffNotifications();
    const late = processes.open();
    const { id } = await late.getTokens();
    reconnect();
    await quietly(processes);
    for (const session of [first, late]) await session.maintain();
    expect(backend.envelope.tokens?.id).toBe(id);
    await scene.clock.advance(hour);
    await scene.until(Promise.all([first.getTokens(), late.getTokens()]));
    expect(scene.server).toMatchObject({ logins: 2, refreshes: 2 });
  });

  test('an older set of the same login gives way, whoever has fetched the newer one', async () => {
    const processes = await twoThatDoNotHear();
    const { scene, backend, first, second: other, reconnect } = processes;
    const newer = await scene.until(first.getTokens({ forceRefresh: true }));
    const third = processes.open();
    await third.getTokens();
    first.dispose();
    backend.loseData(false);
    // It has not heard of the newer set, whose parent it holds.
    await other.maintain();
    await third.maintain();
    await quietly(processes);
    expect(backend.envelope.tokens?.id).toBe(newer.id);
    reconnect();
    await scene.clock.advance(hour);
    await scene.until(Promise.all([other.getTokens(), third.getTokens()]));
    expect(scene.server.ledger.map(({ outcome }) => outcome)).toEqual(['issued', 'issued', 'issued']);
  });

  test('a set that could not be saved before the loss wins over an older one', async () => {
    const processes = twoProcesses({ lock: true, dataId: true });
    const { scene, backend, first, second: other } = processes;
    await first.getTokens();
    await other.getTokens();
    await scene.until(first.getTokens({ forceRefresh: true }));
    await scene.clock.advance(minute);
    scene.server.next('refresh', (proceed) => {
      backend.breakDown('compareAndSet', 'get', 'dataId');
      return proceed();
    });
    await scene.until(first.getTokens({ forceRefresh: true }));
    backend.loseData(false);
    backend.holder?.steal();
    backend.breakDown();
    await scene.until(other.maintain());
    await scene.clock.advance(hour);
    await scene.until(Promise.all([first.getTokens(), other.getTokens()]));
    expect(scene.server).toMatchObject({ logins: 1, refreshes: 3 });
  });

  test('each set that is written back waits for its own successor', async () => {
    const processes = twoProcesses({ lock: true, dataId: true });
    const { scene, backend, first: oldest, second: middle } = processes;
    await oldest.getTokens();
    await scene.until(middle.getTokens({ forceRefresh: true }));
    const newest = processes.open();
    await newest.getTokens();
    await scene.until(newest.getTokens({ forceRefresh: true }));
    backend.loseData(false);
    await scene.clock.advance(hour);
    const waiting = [oldest.getTokens()];
    await scene.clock.advance(9 * second);
    waiting.push(middle.getTokens());
    await scene.clock.advance(9 * second);
    waiting.push(newest.getTokens());
    await scene.until(Promise.all(waiting));
    expect(scene.server.ledger.map(({ outcome }) => outcome)).not.toContain('refused');
    expect(scene.server).toMatchObject({ logins: 1, refreshes: 3 });
  });

  test('a sign-out wins also where the old set was read while it was being written', async () => {
    const processes = await twoThatDoNotHear();
    const { backend, first, second: other, reconnect } = processes;
    const signingOut = other.signOut();
    const reading = errorCodeOf(other.getTokens());
    await signingOut;
    expect(await reading).toBe('signed_out');
    backend.loseData(false);
    await first.maintain();
    reconnect();
    await quietly(processes);
    expect(backend.envelope).toMatchObject({ signedOutAt: expect.any(Number) });
  });

  test('a sign-out wins also over what a refresh has made of the set that was written back', async () => {
    const processes = await twoThatDoNotHear();
    const { scene, backend, first, second: other, reconnect } = processes;
    await other.signOut();
    backend.loseData(false);
    await scene.clock.advance(hour);
    await scene.until(first.getTokens());
    reconnect();
    await quietly(processes);
    expect(backend.envelope).toMatchObject({ signedOutAt: expect.any(Number) });
    expect(await errorCodeOf(first.getTokens())).toBe('signed_out');
  });

  test.each(['getTokens', 'maintain'] as const)(
    'without work that outlives a call a sign-out is written back at the next use: %s',
    async (use) => {
      const { backend, open } = twoProcesses({ lock: true, dataId: true });
      const session = open({ scheduler: null });
      await session.getTokens();
      await session.signOut();
      backend.loseData(false);
      await session[use]().catch(() => {});
      expect(backend.envelope).toMatchObject({ signedOutAt: expect.any(Number) });
    },
  );

  test('a sign-out that cannot be written back at first is tried again', async () => {
    const processes = twoProcesses(all);
    const { scene, backend, first } = processes;
    await first.getTokens();
    await first.signOut();
    const repair = backend.breakDown('get');
    backend.loseData();
    await quietly(processes);
    expect(backend.records.size).toBe(0);
    repair();
    for (let waited = 0; waited < minute; waited += second) await scene.clock.advance(second);
    expect(backend.envelope).toMatchObject({ signedOutAt: expect.any(Number) });
  });

  test('a login since the sign-out stands, although the one who signed out has not heard of it', async () => {
    const processes = twoProcesses(all);
    const { scene, backend, first, second: other } = processes;
    await first.getTokens();
    await other.getTokens();
    await first.signOut();
    await quietly(processes);
    const reconnect = backend.cutOffNotifications();
    const { id } = await other.signIn();
    backend.loseData(false);
    await other.maintain();
    await quietly(processes);
    reconnect();
    await quietly(processes);
    expect(backend.envelope.tokens?.id).toBe(id);
    expect(scene.server.logins).toBe(2);
  });

  test('one account that notices it speaks for all of the store', async () => {
    const processes = twoProcesses(all);
    const { backend, scene } = processes;
    const store = backend.open(all);
    const sessions = ['a', 'b', 'c'].map((account) => processes.open({ store, provider: { account } }));
    for (const session of sessions) await session.getTokens();
    await sessions[2]?.signOut();
    backend.loseData(false);
    await sessions[0]?.maintain();
    await quietly(processes);
    expect(backend.records.size).toBe(3);
    expect(scene.server.logins).toBe(3);
  });

  test('a store that does not say at once whether it has lost its data is asked again', async () => {
    const processes = twoProcesses(all);
    const { scene, backend, first } = processes;
    await first.getTokens();
    backend.next('dataId', () => {
      throw new Error('not yet');
    });
    backend.loseData();
    for (let waited = 0; waited < 5 * second; waited += 100) await scene.clock.advance(100);
    expect(backend.records.size).toBe(1);
    expect(scene.server.logins).toBe(1);
  });

  test('where the store does not say whether the record is lost, nobody logs in', async () => {
    const { scene, backend, first } = twoProcesses({ lock: true, dataId: true });
    await first.getTokens();
    backend.loseData(false);
    const repair = backend.breakDown('dataId');
    await scene.clock.advance(hour);
    expect(await scene.until(errorCodeOf(first.getTokens()))).toBe('store_failed');
    repair();
    await scene.until(first.getTokens());
    expect(scene.server).toMatchObject({ logins: 1, refreshes: 1 });
  });

  test('sets that were stored without a lineage are of the login that each process names alike', async () => {
    const processes = twoProcesses({ lock: true, dataId: true });
    const { scene, backend, open, second: other } = processes;
    const initialTokens = { accessToken: 'given', refreshToken: 'given-refresh', expiresInMs: hour };
    scene.server.adopt('given-refresh');
    const first = open({ initialTokens });
    await first.getTokens();
    await other.getTokens();
    await scene.until(first.getTokens({ forceRefresh: true }));
    backend.loseData(false);
    await other.maintain();
    await quietly(processes);
    await first.maintain();
    await quietly(processes);
    await scene.clock.advance(hour);
    await scene.until(Promise.all([first.getTokens(), other.getTokens()]));
    expect(scene.server).toMatchObject({ logins: 0, refreshes: 2 });
  });

  test('a set that the API refuses is written back for its refresh token', async () => {
    const { scene, backend, first } = twoProcesses(all);
    const tokens = await first.getTokens();
    await scene.clock.advance(minute);
    backend.loseData(false);
    const answer = { status: 401, headers: new Headers(), url: 'https://api.example.com/' };
    await scene.until(first.tokenRejected(tokens, answer));
    expect(scene.server).toMatchObject({ logins: 1, refreshes: 1 });
  });

  test('a record that is gone alone stays gone: somebody has removed it', async () => {
    const { scene, backend, first } = twoProcesses(all);
    await first.getTokens();
    backend.records.clear();
    await scene.clock.advance(hour);
    await scene.until(first.getTokens());
    expect(scene.server).toMatchObject({ logins: 2, refreshes: 0 });
    expect(backend.envelope).toMatchObject({ generation: 0 });
  });

  test('a set whose refresh token the server has refused is not written back', async () => {
    const processes = twoProcesses(all);
    const { scene, backend, first } = processes;
    await first.getTokens();
    scene.server.revokeAll();
    scene.server.next('login', () => {
      throw neverSent();
    });
    await scene.until(errorCodeOf(first.getTokens({ forceRefresh: true })));
    backend.loseData();
    await quietly(processes);
    expect(JSON.stringify([...backend.records.values()])).not.toContain('refresh-1');
  });

  test('with a store that does not tell, all stays as it was', async () => {
    const { scene, backend, first } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    expect(backend.envelope).not.toHaveProperty('lineage');
    backend.loseData();
    await scene.clock.advance(hour);
    await scene.until(first.getTokens());
    expect(scene.server.logins).toBe(2);
  });

  test('a name that cannot be had is an event, and holds up nobody', async () => {
    const { scene, backend, first } = twoProcesses(all);
    backend.breakDown('dataId');
    await first.getTokens();
    expect(scene.types()).toContain('store_failed');
    expect(await first.getAccessToken()).toBe('access-1');
  });

  test('each store is asked once, whatever it keeps', async () => {
    const processes = twoProcesses(all);
    const { backend, scene } = processes;
    const store = backend.open(all);
    for (let account = 0; account < 20; account++)
      await processes.open({ store, provider: { account: `account-${account}` } }).getTokens();
    expect(backend.calls.filter((call) => call === 'dataId')).toHaveLength(1);
    backend.calls = [];
    backend.loseData();
    await quietly(processes);
    expect(backend.calls.filter((call) => call === 'dataId')).toHaveLength(1);
    expect(backend.records.size).toBe(20);
    expect(scene.server.logins).toBe(20);
    await scene.clock.advance(minute);
  });

  test('encryptedStore and leasedStore pass the name on, where there is one', async () => {
    const keys = [new Uint8Array(32)];
    const [without, store] = [new FakeBackend().open(), new FakeBackend().open({ dataId: true })];
    for (const wrapped of [encryptedStore(store, { keys }), leasedStore(store)])
      expect(await wrapped.dataId?.()).toBe('data-1');
    for (const wrapped of [encryptedStore(without, { keys }), leasedStore(without)])
      expect(wrapped.dataId).toBeUndefined();
  });
});
