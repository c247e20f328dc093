import { hashQuickly } from '@internal/test-tools/quick-hash';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type AuthEvent, memoryStore } from '../src/index.js';
import { hour, second } from './support/durations.js';
import { startFetchScene } from './support/fetch-scene.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { failNextSave, twoProcesses } from './support/two-processes.js';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

describe('a call that began before dispose', () => {
  hashQuickly();

  test('a hundred requests whose token is refused are replayed, and their events are heard', {
    tags: ['fault-111'],
  }, async () => {
    const { api, open, server, revokeFirstToken, stop } = await startFetchScene();
    stops.push(stop);
    const events: AuthEvent[] = [];
    const session = open({}, { onEvent: (event) => events.push(event) });
    const { fetch } = session;
    await fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const answers = Array.from({ length: 100 }, () => fetch(`${api.origin}/orders`));
    session.dispose();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(server.refreshes).toBe(1);
    expect(events.map(({ type }) => type)).toEqual(['login', 'token_rejected', 'refresh']);
    await expect(fetch(`${api.origin}/orders`)).rejects.toMatchObject({ code: 'disposed' });
  });

  test('a session that opens during the flight of one that was disposed hears of a sign-out elsewhere', async () => {
    const { scene, open, second: elsewhere, backend } = twoProcesses({ lock: true, subscribe: true });
    const store = backend.open({ lock: true, subscribe: true });
    const answer = scene.server.holdNext('login');
    const first = open({ store });
    const aborted = new AbortController();
    const waiting = first.getTokens({ signal: aborted.signal });
    await settle();
    aborted.abort();
    await expect(waiting).rejects.toThrow('aborted');
    first.dispose();
    const next = open({ store });
    answer();
    await settle();
    await next.getTokens();
    await elsewhere.signOut();
    await settle();
    await expect(next.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('twenty requests under way join the account once', async () => {
    const { api, open, revokeFirstToken, server, stop } = await startFetchScene();
    stops.push(stop);
    const store = memoryStore();
    const events: AuthEvent[] = [];
    const session = open({}, { store, onEvent: (event) => events.push(event) });
    const other = open({}, { store });
    await session.fetch(`${api.origin}/warm-up`);
    revokeFirstToken();
    const answer = server.holdNext('refresh');
    const requests = Array.from({ length: 20 }, () => session.fetch(`${api.origin}/orders`).catch(() => {}));
    session.dispose();
    await vi.waitFor(() => expect(events.map(({ type }) => type)).toContain('token_rejected'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.signOut();
    answer();
    await Promise.all(requests);
    expect(events.filter(({ type }) => type === 'signed_out')).toHaveLength(1);
  });

  test('a caller that waits for a token gets it, also where that takes another flight', {
    tags: ['fault-111'],
  }, async () => {
    const { session, server, clock } = openSession();
    const answer = server.holdNext('login');
    const plain = session.getAccessToken();
    await settle();
    const forced = session.getAccessToken({ forceRefresh: true });
    const signIn = session.signIn();
    session.dispose();
    const late = session.getAccessToken();
    await expect(late).rejects.toMatchObject({ code: 'disposed' });
    answer();
    await clock.advance(second);
    expect(await plain).toBe('access-1');
    expect(await forced).toMatch(/^access-[12]$/);
    expect((await signIn).accessToken).toMatch(/^access-/);
    expect(clock.timers).toBe(0);
  });

  test('leaves no timer, no subscription and no account behind', { tags: ['fault-111'] }, async () => {
    const { backend, scene, open } = twoProcesses({ lock: true, subscribe: true });
    const session = open();
    const sent = await session.getTokens();
    session.dispose();
    const url = 'https://api.example.com/';
    const next = await session.tokenRejected(sent, { status: 401, headers: new Headers(), url });
    expect(next?.accessToken).toBe('access-2');
    await settle();
    expect(backend.listeners).toBe(0);
    expect(scene.clock.timers).toBe(0);
  });
});

/** A session whose refreshed set the store does not take, until `repair` is called. */
async function withUnsavedSet() {
  const { scene, backend, open } = twoProcesses();
  const session = open();
  await session.getTokens();
  await scene.clock.advance(2 * hour);
  const repair = failNextSave(scene, backend);
  await session.getTokens();
  return { scene, backend, session, repair };
}

describe('close', () => {
  hashQuickly();

  test('waits for the refresh under way, so that the next start needs no login', {
    tags: ['fault-112'],
  }, async () => {
    const { scene, open } = twoProcesses();
    const session = open();
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    const answer = scene.server.holdNext('refresh');
    const call = session.getAccessToken();
    await settle();
    let isClosed = false;
    const closed = session.close().then(() => {
      isClosed = true;
    });
    await scene.clock.advance(5 * second);
    expect(isClosed).toBe(false);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'disposed' });
    answer();
    await closed;
    expect(await call).toBe('access-2');
    expect(await open().getAccessToken()).toBe('access-2');
    expect(scene.server.logins).toBe(1);
    expect(scene.clock.timers).toBe(0);
  });

  test('returns the lease, so that the next start need not wait for it', {
    tags: ['fault-112'],
  }, async () => {
    const { scene, backend, open } = twoProcesses();
    const session = open();
    await session.getTokens();
    await session.close();
    expect(backend.calls.filter((call) => call === 'lock')).toHaveLength(1);
    const { server } = scene;
    await scene.clock.advance(2 * hour);
    expect(await open().getAccessToken()).toBe('access-2');
    expect(server.refreshes).toBe(1);
  });

  test('tries a failed save again within a second, however long it has failed', {
    tags: ['fault-112'],
  }, async () => {
    const { scene, backend, session, repair } = await withUnsavedSet();
    await scene.clock.advance(5 * 60 * second);
    const closed = session.close();
    await scene.clock.advance(3 * second);
    repair();
    await scene.clock.advance(second);
    await closed;
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(scene.clock.timers).toBe(0);
  });

  test.for(['getTokens', 'maintain'] as const)(
    'tries a failed save again where no work may outlive a call: %s',
    { tags: ['fault-112'] },
    async (call) => {
      const { scene, backend } = twoProcesses();
      const session = scene.open({ store: backend.open({ lock: true }), scheduler: null });
      await session.getTokens();
      await scene.clock.advance(2 * hour);
      const repair = failNextSave(scene, backend);
      await session[call]();
      const closed = session.close();
      await scene.clock.advance(3 * second);
      expect(backend.envelope.tokens?.accessToken).toBe('access-1');
      repair();
      await scene.clock.advance(second);
      await closed;
      expect(backend.envelope.tokens?.accessToken).toBe('access-2');
      const { refreshes } = scene.server;
      expect(await scene.open({ store: backend.open({ lock: true }) }).getAccessToken()).toBe('access-2');
      expect(scene.server).toMatchObject({ refreshes, logins: 1 });
      expect(scene.clock.timers).toBeLessThanOrEqual(1);
    },
  );

  test('sends and saves nothing of initial tokens that nobody has asked for', async () => {
    const { scene, backend } = twoProcesses();
    const initialTokens = { accessToken: 'given', refreshToken: 'r', expiresInMs: 1 };
    const session = scene.open({ store: backend.open({ lock: true }), scheduler: null, initialTokens });
    await scene.clock.advance(hour);
    await session.close();
    expect(backend.calls).not.toContain('compareAndSet');
    expect(scene.server).toMatchObject({ refreshes: 0, logins: 0 });
  });

  test('gives up after its limit, and always resolves', { tags: ['fault-112'] }, async () => {
    const { scene, session } = await withUnsavedSet();
    let isClosed = false;
    const closed = session.close({ timeoutMs: 4 * second });
    expect(session.close()).toBe(closed);
    closed.then(() => {
      isClosed = true;
    });
    await scene.clock.advance(3.9 * second);
    expect(isClosed).toBe(false);
    await scene.clock.advance(0.2 * second);
    expect(isClosed).toBe(true);
    expect(scene.events.at(-1)).toMatchObject({ type: 'store_failed', operation: 'compareAndSet' });
  });

  test.each([-1, Number.NaN])('a limit of %d is none at all', async (timeoutMs) => {
    const { scene, session } = await withUnsavedSet();
    const closed = session.close({ timeoutMs });
    await scene.clock.advance(1);
    expect(await closed).toBeUndefined();
  });

  test('one session that has given up does not slow down the saves that another waits for', {
    tags: ['fault-112'],
  }, async () => {
    const { scene, backend } = twoProcesses();
    const store = backend.open({ lock: true });
    const [session, other] = [scene.open({ store }), scene.open({ store })];
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    failNextSave(scene, backend);
    await session.getTokens();
    void session.close({ timeoutMs: 4 * second });
    void other.close({ timeoutMs: 60 * second });
    await scene.clock.advance(20 * second);
    backend.calls = [];
    await scene.clock.advance(10 * second);
    expect(backend.calls.filter((call) => call === 'compareAndSet').length).toBeGreaterThanOrEqual(9);
  });

  test('does not wait where nothing is under way, and ends an `await using`', async () => {
    const { session, clock } = openSession();
    await session.getTokens();
    {
      await using closing = session;
      expect(closing.peek()).toBeDefined();
    }
    expect(clock.timers).toBe(0);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'disposed' });
    await session.close();
    session.dispose();
  });

  test('leaves the other sessions of the account as they are', async () => {
    const { scene, backend } = twoProcesses();
    const store = backend.open({ lock: true });
    const [first, second] = [scene.open({ store }), scene.open({ store })];
    await first.getTokens();
    await first.close();
    expect(await second.getAccessToken()).toBe('access-1');
    expect(scene.clock.timers).toBe(1);
  });
});
