import { hashQuickly } from '@internal/test-tools/quick-hash';
import { beforeEach, describe, expect, test } from 'vitest';
import { AuthError, type AuthSession, type AuthSessionOptions, createAuthSession } from '../src/index.js';
import { hour, minute } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { noTimers, Scene } from './support/scene.js';

let scene: Scene;
let backend: FakeBackend;
/** The client's secret that the server accepts, and the one that is configured. */
let accepted: string;
let configured: string;
let vaultFails: boolean;

beforeEach(() => {
  scene = new Scene();
  backend = new FakeBackend();
  accepted = configured = 'client secret';
  vaultFails = false;
});

/** Starts a process whose exchanges are refused while its client has another secret than the server. */
function open(options: AuthSessionOptions = {}): AuthSession {
  const { server, clock } = scene;
  const provider = server.provider();
  const checked =
    <Arguments extends unknown[], Result>(
      phase: 'login' | 'refresh',
      call: (...given: Arguments) => Result,
    ) =>
    (...given: Arguments): Result => {
      if (configured === accepted) return call(...given);
      server.ledger.push({ endpoint: phase, outcome: 'refused' });
      throw new AuthError('client_refused', {
        provider: 'fake',
        phase,
        status: 401,
        serverCode: 'unauthorized_client',
        delivery: 'answered',
      });
    };
  const { prepareLogin, refresh } = provider as Required<typeof provider>;
  return createAuthSession(
    {
      ...provider,
      prepareLogin: async () => {
        const prepared = await prepareLogin();
        return { ...prepared, login: checked('login', async (context) => prepared.login(context)) };
      },
      refresh: async (...given) => checked('refresh', refresh)(...given),
      clientSecrets: () => {
        if (vaultFails) throw new Error(`the vault holds ${configured}`);
        return [configured];
      },
    },
    { store: backend.open({ lock: true }), clock, random: () => 0.5, scheduler: noTimers, ...options },
  );
}

const asked = (): number => scene.server.ledger.length;

describe('a client that the server refuses', () => {
  hashQuickly();

  test('at a refresh: the refresh token is kept, and is sent again once the secret has changed', {
    tags: ['fault-107'],
  }, async () => {
    const session = open();
    await session.getTokens();
    accepted = 'rotated';
    await scene.clock.advance(2 * hour);
    await expect(session.getTokens()).rejects.toMatchObject({
      code: 'client_refused',
      serverCode: 'unauthorized_client',
      blockedAt: scene.clock.now(),
      retryable: false,
    });
    expect(asked()).toBe(2);
    await scene.clock.advance(5 * minute);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'client_refused', delivery: 'not_sent' });
    await expect(open().getTokens()).rejects.toMatchObject({ code: 'client_refused', delivery: 'not_sent' });
    expect(asked()).toBe(2);
    expect(await session.status()).toMatchObject({
      state: 'login_blocked',
      retryAt: expect.any(Number),
      lastFailure: { code: 'client_refused', status: 401, serverCode: 'unauthorized_client' },
    });
    configured = 'rotated';
    await scene.clock.advance(minute);
    expect((await session.getTokens()).refreshToken).toBe('refresh-2');
    expect(scene.server.logins).toBe(1);
    expect(backend.envelope.guard).not.toHaveProperty('client');
    expect(await session.status()).not.toHaveProperty('lastFailure');
  });

  test('at an early refresh: the token that lives is served', { tags: ['fault-107'] }, async () => {
    const session = open();
    await session.getTokens();
    accepted = 'rotated';
    await scene.clock.advance(55 * minute);
    for (let call = 0; call < 10; call++) {
      expect(await session.getAccessToken()).toBe('access-1');
      await scene.clock.advance(1_000);
    }
    expect(asked()).toBe(2);
  });

  test('at a login: the password goes out once, and once more with each probe', {
    tags: ['fault-108'],
  }, async () => {
    accepted = 'another';
    const session = open();
    for (let passed = 0; passed < 24 * hour; passed += minute) {
      const process = passed % hour === 0 ? open() : session;
      await expect(process.getTokens()).rejects.toMatchObject({ code: 'client_refused' });
      await scene.clock.advance(minute);
    }
    // At once, then 15 min, 30 min, 1 h, 2 h, 4 h, 6 h and 6 h after the last, each and an eighth.
    expect(scene.server.logins).toBe(8);
    expect(await session.status()).toMatchObject({ state: 'login_blocked', blockedAt: expect.any(Number) });
  });

  test('two secrets of one fleet, both refused: each goes out once, and then only with a probe', {
    tags: ['fault-108'],
  }, async () => {
    accepted = 'a third';
    const workers = [open(), open()];
    for (let passed = 0; passed < 24 * hour; passed += minute) {
      for (const [index, worker] of workers.entries()) {
        configured = `secret ${index}`;
        await expect(worker.getTokens()).rejects.toMatchObject({ code: 'client_refused' });
      }
      await scene.clock.advance(minute);
    }
    expect(scene.server.logins).toBe(8);
    configured = accepted;
    await expect(open().getTokens()).resolves.toMatchObject({ accessToken: 'access-1' });
  });

  test('a probe finds that the server has mended its mistake', { tags: ['fault-108'] }, async () => {
    accepted = 'a mistake of the server';
    const session = open();
    const error = (await session.getTokens().catch((thrown: unknown) => thrown)) as AuthError;
    accepted = configured;
    await scene.clock.advance((error.retryAt as number) - scene.clock.now() - 1);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'client_refused' });
    await scene.clock.advance(1);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(scene.server.logins).toBe(2);
  });

  test('signIn() tries at once, and lifts it', { tags: ['fault-108'] }, async () => {
    accepted = 'a mistake of the server';
    const session = open();
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'client_refused' });
    accepted = configured;
    await session.signIn();
    expect(await session.getAccessToken()).toBe('access-1');
    expect(await session.status()).toMatchObject({ state: 'signed_in' });
  });

  test('a clientSecrets function that throws does not tell the secret', { tags: ['fault-108'] }, async () => {
    accepted = 'another';
    const session = open();
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'client_refused' });
    await scene.clock.advance(2 * minute);
    vaultFails = true;
    const error = (await session.getTokens().catch((thrown: unknown) => thrown)) as AuthError;
    expect(error).toMatchObject({ code: 'credentials_unavailable', delivery: 'not_sent' });
    expect(error.message).not.toContain('client secret');
  });

  test('a refusal that a clock far ahead has dated is tried at once', { tags: ['fault-109'] }, async () => {
    accepted = 'another';
    scene.clock.jump(60 * 24 * hour);
    await expect(open().getTokens()).rejects.toMatchObject({ code: 'client_refused' });
    scene.clock.jump(-60 * 24 * hour);
    accepted = configured;
    expect(await open().getAccessToken()).toBe('access-1');
  });

  test('signIn() again and again does not put off the probe', { tags: ['fault-108'] }, async () => {
    accepted = 'another';
    const session = open();
    for (let attempt = 0; attempt < 6; attempt++)
      await expect(session.signIn()).rejects.toMatchObject({ code: 'client_refused' });
    const { retryAt } = await session.status();
    expect(retryAt).toBeLessThanOrEqual(scene.clock.now() + 20 * minute);
  });

  test('stands in memory where it cannot be saved', { tags: ['fault-108'] }, async () => {
    const session = open();
    await session.getTokens();
    accepted = 'rotated';
    await scene.clock.advance(2 * hour);
    const repair = backend.breakDown('compareAndSet');
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'client_refused' });
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'client_refused', delivery: 'not_sent' });
    repair();
    expect(asked()).toBe(2);
  });

  test('one that cannot be saved does not hide one that another process has saved', {
    tags: ['fault-108'],
  }, async () => {
    const [first, second] = [open(), open()];
    await first.getTokens();
    accepted = 'a third';
    await scene.clock.advance(2 * hour);
    const repair = backend.breakDown('compareAndSet');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'client_refused', status: 401 });
    repair();
    configured = 'rotated';
    await expect(second.getTokens()).rejects.toMatchObject({ code: 'client_refused', status: 401 });
    await scene.clock.advance(2 * minute);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'client_refused', delivery: 'not_sent' });
    expect(asked()).toBe(3);
  });

  test('a set that is kept alive is tried again when the client may be', async () => {
    const session = open({ keepAlive: true, scheduler: undefined });
    await session.getTokens();
    accepted = 'another';
    await scene.clock.advance(hour);
    expect(scene.server.refreshes).toBe(1);
    accepted = configured;
    await scene.clock.advance(hour);
    expect(scene.server.refreshes).toBeGreaterThan(1);
    expect(await session.status()).toMatchObject({ state: 'signed_in' });
    session.dispose();
  });
});
