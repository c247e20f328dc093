import { describe, expect, test } from 'vitest';
import { AuthError } from '../src/index.js';
import { hour } from './support/durations.js';
import { errorCodeOf } from './support/error-code.js';
import { neverSent } from './support/fake-server.js';
import { loginScene } from './support/login-scene.js';
import { openSession } from './support/open-session.js';
import { noTimers } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('a pause that the server asks for', () => {
  test('is kept by a program that brings initial tokens: nothing was exchanged for them', async () => {
    const { server, clock, open } = loginScene();
    server.next('login', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 600_000 });
    });
    expect(await errorCodeOf(open().getTokens())).toBe('rate_limited');
    await clock.advance(60_000);
    const initialTokens = { accessToken: 'given', refreshToken: 'refresh-given', expiresInMs: 10_000 };
    const next = open(undefined, { initialTokens });
    expect(await next.getAccessToken()).toBe('given');
    await clock.advance(11_000);
    expect(await errorCodeOf(next.getTokens())).toBe('rate_limited');
    expect(server.ledger).toEqual([]);
  });

  test('a 429 pauses every process, and a valid token is served meanwhile', async () => {
    const { server, clock, open } = loginScene();
    const session = open();
    await session.getTokens();
    await clock.advance(0.85 * hour);
    server.next('refresh', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 600_000 });
    });
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(300_000);
    expect(await session.getAccessToken()).toBe('access-1');
    await clock.advance(270_000);
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'rate_limited',
      retryAt: clock.now() + 30_000,
    });
    expect(await errorCodeOf(open().getTokens())).toBe('rate_limited');
    expect(await errorCodeOf(open().signIn())).toBe('rate_limited');
    expect(server.refreshes).toBe(0);
    await clock.advance(30_000);
    expect(await session.getAccessToken()).toBe('access-2');
  });

  test('the pause is 30 s where the server names none, 1 s at least and 15 min at most', async () => {
    const cases = [
      [undefined, 30_000],
      [Number.NaN, 30_000],
      [0, 1_000],
      [2_147_484_000, 900_000],
    ] as const;
    for (const [retryAfterMs, pauseMs] of cases) {
      const { server, clock, open } = loginScene();
      server.next('login', () => {
        throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs });
      });
      await expect(open().getTokens()).rejects.toMatchObject({ retryAt: clock.now() + pauseMs });
    }
  });

  test('a shorter pause that another process has saved does not end one that could not be saved', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 600_000 });
    });
    const repair = backend.breakDown('compareAndSet');
    expect(await errorCodeOf(first.getTokens())).toBe('rate_limited');
    repair();
    scene.server.next('refresh', () => {
      throw neverSent();
    });
    expect(await errorCodeOf(second.getTokens())).toBe('network');
    // The issuer answers another account, which ends the pauses of an outage.
    await scene.open({ provider: { account: 'another' }, store: scene.memory() }).getTokens();
    await scene.clock.advance(60_000);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'rate_limited', delivery: 'not_sent' });
    await scene.clock.advance(540_000);
    expect(await first.getAccessToken()).toBe('access-3');
  });

  test('the server’s pause that another process has saved is kept beneath a longer cool-down', async () => {
    const { scene, first, second } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    for (let failure = 0; failure < 8; failure++) {
      scene.server.next('refresh', () => {
        throw neverSent();
      });
      const error = await first.getTokens().catch((thrown: unknown) => thrown as AuthError);
      if (failure < 7)
        await scene.clock.advance(((error as AuthError).retryAt as number) - scene.clock.now());
    }
    scene.server.next('login', () => {
      throw new AuthError('rate_limited', { provider: 'fake', retryAfterMs: 60_000 });
    });
    expect(await errorCodeOf(second.signIn())).toBe('rate_limited');
    const sent = scene.server.ledger.length;
    expect(await errorCodeOf(first.signIn())).toBe('rate_limited');
    expect(scene.server.ledger).toHaveLength(sent);
  });
});

describe('the cool-down after a failed exchange', () => {
  test('a request that was never sent is repeated after the cool-down and not at once', async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    server.next('refresh', () => {
      throw neverSent();
    });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'network', delivery: 'not_sent' });
    await clock.advance(1_000);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(server.ledger).toHaveLength(1);
  });

  test('the cool-down grows even where the store cannot be written', async () => {
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

  test.each(['invalid_credentials', 'credentials_unavailable', 'invalid_options'] as const)(
    'a refresh that throws %s starts a cool-down like any other failure',
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

  test('signIn does not wait for the cool-down', async () => {
    const { scene, first } = twoProcesses();
    scene.server.next('login', () => {
      throw neverSent();
    });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'network' });
    expect((await first.signIn()).accessToken).toBe('access-1');
  });
});
