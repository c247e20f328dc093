import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AuthSession, AuthSessionOptions } from '../src/index.js';
import { hour, second } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { Scene } from './support/scene.js';

const half = '../src/exchange/index.js';

/** What an import of the exchange half does: it fails, as on a page that is offline, hangs, or succeeds. */
let load: 'fails' | 'hangs' | 'succeeds';
let scene: Scene;
let backend: FakeBackend;

/** A process that has not loaded its exchange half yet. */
async function open(options: AuthSessionOptions = {}): Promise<AuthSession> {
  vi.resetModules();
  vi.doMock(half, async (importOriginal) => {
    if (load === 'fails') throw new Error('the chunk is gone');
    if (load === 'hangs') await new Promise(() => {});
    return importOriginal();
  });
  const { createAuthSession } = await import('../src/index.js');
  const { clock, server } = scene;
  return createAuthSession(server.provider(), { store: backend.open({ lock: true }), clock, ...options });
}

/** Saves a set, as an earlier process did. */
async function saveTokens(): Promise<void> {
  load = 'succeeds';
  const session = await open();
  await session.getTokens();
  session.dispose();
}

beforeEach(() => {
  scene = new Scene();
  backend = new FakeBackend();
});
afterEach(() => void vi.doUnmock(half));

describe('an exchange half that cannot be loaded', { tags: ['fault-133b'] }, () => {
  test('leaves the token that lives in use, also when it is due', async () => {
    await saveTokens();
    load = 'fails';
    const session = await open();
    expect(await session.getAccessToken()).toBe('access-1');
    await scene.clock.advance(0.9 * hour);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(scene.server.refreshes).toBe(0);
    load = 'succeeds';
    await scene.clock.advance(0.11 * hour);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('is a `network` error with nothing sent and no pause, and the next call loads it again', async () => {
    load = 'fails';
    const session = await open();
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network', delivery: 'not_sent' });
    expect([backend.records.size, scene.server.ledger]).toEqual([0, []]);
    load = 'succeeds';
    expect(await session.getAccessToken()).toBe('access-1');
  });

  test('leaves initial tokens in use, and saves them once it is there', async () => {
    load = 'fails';
    const session = await open({
      initialTokens: { accessToken: 'given', refreshToken: 'r', expiresInMs: hour },
    });
    expect(await session.getAccessToken()).toBe('given');
    expect(backend.records.size).toBe(0);
    load = 'succeeds';
    await scene.clock.advance(60 * second);
    expect(await session.getAccessToken()).toBe('given');
    // The module is loaded in real time.
    await vi.waitFor(() => expect(backend.envelope.tokens?.accessToken).toBe('given'));
  });

  test('does not hide a sign-out that the store has lost', async () => {
    load = 'succeeds';
    const options = { lock: true, subscribe: true, dataId: true };
    const elsewhere = await open({ store: backend.open(options) });
    await elsewhere.getTokens();
    load = 'fails';
    const session = await open({ store: backend.open(options) });
    await session.getTokens();
    await elsewhere.signOut();
    await settle();
    elsewhere.dispose();
    backend.loseData();
    await settle();
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('does not keep a sign-out from binding at once', async () => {
    await saveTokens();
    load = 'fails';
    const session = await open();
    await session.getTokens();
    const signingOut = session.signOut();
    expect(session.peek()).toBeUndefined();
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    await expect(signingOut).rejects.toMatchObject({ code: 'network', delivery: 'not_sent' });
    load = 'succeeds';
    await session.signOut();
    expect(backend.envelope).toMatchObject({ signedOutAt: expect.any(Number) });
  });
});

describe('an exchange half that takes for ever to load', { tags: ['fault-133b'] }, () => {
  const calls: [string, (session: AuthSession) => Promise<unknown>][] = [
    ['status', (session) => session.status()],
    ['signOut', (session) => session.signOut()],
    ['maintain', (session) => session.maintain()],
    ['signIn', (session) => session.signIn()],
    ['forceRefresh', (session) => session.getTokens({ forceRefresh: true })],
  ];

  test.each(calls)('ends a call by callMs: %s', async (_, call) => {
    await saveTokens();
    load = 'hangs';
    const session = await open();
    expect(await session.getAccessToken()).toBe('access-1');
    const ended = expect(call(session)).rejects.toMatchObject({ code: 'timeout' });
    await settle();
    await scene.clock.advance(90 * second);
    await ended;
  });

  test('leaves the token that lives in use', async () => {
    await saveTokens();
    load = 'hangs';
    const session = await open();
    await scene.clock.advance(0.9 * hour);
    const token = session.getAccessToken();
    await settle();
    await scene.clock.advance(5 * second);
    expect(await token).toBe('access-1');
  });
});
