import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import { type AuthSessionOptions, createAuthSession, type TokenStore } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeServer } from './support/fake-server.js';
import { settle } from './support/manual-clock.js';
import { Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('the platform', () => {
  test('the tests run on the Node version that the repository pins', () => {
    expect(process.version).toBe('v24.21.0');
  });

  test('an older platform is told so at the import', async () => {
    const program = "delete Promise.withResolvers; await import('@auth/core')";
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: new URL('..', import.meta.url),
    });
    await expect(run).rejects.toThrow('@auth/core needs Node 22 or later');
  });

  test('the global timers, Date and performance are looked up at each call', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
    try {
      const server = new FakeServer();
      const session = createAuthSession(server.provider());
      await session.getTokens();
      await vi.advanceTimersByTimeAsync(0.9 * hour);
      expect(server.refreshes).toBe(1);
      session.dispose();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('timeouts', () => {
  test('a timeout that is too long for a timer is cut to what a timer can count', {
    tags: ['fault-83'],
  }, async () => {
    const scene = new Scene();
    const longest = Number.MAX_SAFE_INTEGER;
    const session = scene.open({ timeouts: { callMs: longest, exchangeMs: longest } });
    const delays: number[] = [];
    const { setTimeout } = scene.clock;
    scene.clock.setTimeout = (callback, delayMs) => {
      delays.push(delayMs);
      return setTimeout(callback, delayMs);
    };
    await session.getTokens();
    expect(Math.max(...delays)).toBeLessThanOrEqual(2_147_483_647);
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
    ['waitUntil that is asynchronous', { waitUntil: async () => fails() }],
    ['scheduler that is asynchronous', { scheduler: { schedule: (async () => fails()) as never } }],
    ['refreshPolicy that is asynchronous', { refreshPolicy: (async () => fails()) as never }],
    ['onEvent that is asynchronous', { onEvent: async () => fails() }],
  ])('a session goes on working with a failing %s', async (_, options) => {
    const { scene, open } = twoProcesses({ lock: true, subscribe: true });
    const session = open(options);
    expect(await session.getAccessToken()).toBe('access-1');
    const other = open();
    await other.getAccessToken({ forceRefresh: true });
    await settle();
    expect(await session.getAccessToken()).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test.each(['throws', 'is an import that fails'])('a preload that %s breaks nothing', async (how) => {
    const { server, clock } = new Scene();
    const preload = how === 'throws' ? fails : async () => fails();
    const session = createAuthSession({ ...server.provider(), preload }, { clock, scheduler: null });
    expect(await session.getAccessToken()).toBe('access-1');
  });

  test('of an authorize that is asynchronous counts what it writes at once', async () => {
    const { server, clock } = new Scene();
    const authorize = async (headers: Headers): Promise<never> => {
      headers.set('x-token', 'a');
      return fails();
    };
    const session = createAuthSession({ ...server.provider(), authorize }, { clock, scheduler: null });
    expect((await session.getHeaders('https://api.example.com')).get('x-token')).toBe('a');
  });

  test('an isTokenRejected that is asynchronous decides nothing', async () => {
    const { server, clock } = new Scene();
    const isTokenRejected = (async () => fails()) as never;
    const session = createAuthSession({ ...server.provider(), isTokenRejected }, { clock, scheduler: null });
    const sent = await session.getTokens();
    const answer = { headers: new Headers(), url: 'https://api.example.com/' };
    expect(await session.tokenRejected(sent, { ...answer, status: 404 })).toBeUndefined();
    expect(await session.tokenRejected(sent, { ...answer, status: 401 })).toMatchObject({
      accessToken: 'access-2',
    });
  });

  test.each<[string, NonNullable<TokenStore['subscribe']>]>([
    ['an asynchronous one', (async () => fails()) as never],
    ['one that gives no function', (() => undefined) as never],
    ['one whose end is asynchronous', () => async () => fails()],
  ])('of subscribe functions %s breaks nothing', async (_, subscribe) => {
    const scene = new Scene();
    const session = scene.open({ store: { ...scene.memory(), subscribe } });
    expect(await session.getAccessToken()).toBe('access-1');
    session.dispose();
    await settle();
  });

  test('a cancel function and an unsubscribe function that throw break nothing', async () => {
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
});
