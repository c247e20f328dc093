import { describe, expect, test } from 'vitest';
import { createAuthSession, type TokenStore } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { noTimers, Scene } from './support/scene.js';
import { failNextSave, twoProcesses } from './support/two-processes.js';

describe('signing out', () => {
  test('every session on the store fails with signed_out until signIn', async () => {
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

  test('without notifications another process learns of the sign-out when it next reads the store', async () => {
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

  test('every session hears of the sign-out, even when a listener disposes its session', async () => {
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

  test('a sign-out that cannot be stored holds in this process and fails with store_failed', async () => {
    const { backend, first } = twoProcesses();
    await first.getTokens();
    backend.breakDown('compareAndSet');
    await expect(first.signOut()).rejects.toMatchObject({ code: 'store_failed' });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    expect(first.peek()).toBeUndefined();
  });
});

describe('a sign-out during an exchange', () => {
  test.each(['password', 'refresh token'])(
    'a sign-out just before the request keeps the %s back',
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

  test('a sign-out before the answer drops the new tokens', async () => {
    for (const lock of [true, false]) {
      const { scene, backend, first } = twoProcesses({ lock });
      await first.getTokens();
      await scene.clock.advance(2 * hour);
      const answer = scene.server.holdNext('refresh');
      const overtaken = expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
      await settle();
      await first.signOut();
      answer();
      await overtaken;
      expect(backend.envelope).not.toHaveProperty('tokens');
      expect(first.peek()).toBeUndefined();
    }
  });

  test('a sign-out by another process before the answer drops the new tokens', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: false });
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', async (proceed) => {
      await second.signOut();
      return proceed();
    });
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    expect(backend.envelope).not.toHaveProperty('tokens');
  });

  test.each(['refresh', 'login'] as const)(
    'an announced sign-out counts at once, however long the %s takes: nobody gets the old token meanwhile',
    async (exchange) => {
      const { scene, first, second } = twoProcesses({ lock: true, subscribe: true });
      await first.getTokens();
      await second.getTokens();
      await scene.clock.advance(0.9 * hour - 1);
      const answer = scene.server.holdNext(exchange);
      const flight = exchange === 'refresh' ? first.getTokens() : first.signIn();
      const overtaken = flight.catch(({ code }) => code);
      await settle();
      await second.signOut();
      await settle();
      expect(first.peek()).toBeUndefined();
      // Whoever asks during a sign-in waits for it.
      if (exchange === 'refresh')
        await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
      answer();
      await overtaken;
      await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    },
  );

  test('a sign-out while a process returns a lease that it no longer wants keeps the news from its callers', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: true, subscribe: true });
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const granted = Promise.withResolvers<void>();
    backend.next('lock', () => granted.promise);
    const overtaken = expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
    await settle();
    await second.getTokens();
    await first.signOut();
    granted.resolve();
    await overtaken;
    expect(first.peek()).toBeUndefined();
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
  });

  test('a sign-out while the lease is being returned keeps the new tokens from the callers', async () => {
    const { scene, backend, open } = twoProcesses();
    const inner = backend.open({ lock: true }) as Required<TokenStore>;
    const returned = Promise.withResolvers<void>();
    const lock: TokenStore['lock'] = async (key, options) => {
      const lease = await inner.lock(key, options);
      const release = (): Promise<void> => returned.promise.then(() => lease.release());
      return { lost: lease.lost, held: () => lease.held(), release };
    };
    const session = open({ store: { ...inner, lock } });
    const calls = [session.getTokens()];
    await settle();
    expect(scene.server.logins).toBe(1);
    const signedOut = session.signOut();
    calls.push(session.getTokens());
    const ends = Promise.all(calls.map((call) => call.catch(({ code }) => code)));
    await settle();
    returned.resolve();
    await signedOut;
    expect(await ends).toEqual(['signed_out', 'signed_out']);
  });

  test('a sign-in whose vault is slow goes on after a sign-out that is announced meanwhile, and is counted once', async () => {
    const { scene, backend, second, open } = twoProcesses({ lock: true, subscribe: true });
    const vault = Promise.withResolvers<string>();
    let isSlow = false;
    const password = (): string | Promise<string> => (isSlow ? vault.promise : 'correct horse');
    const first = open({ provider: { password } });
    await first.getTokens();
    await second.getTokens();
    isSlow = true;
    const signedIn = first.signIn();
    await settle();
    await second.signOut();
    await settle();
    expect(first.peek()).toBeUndefined();
    vault.resolve('correct horse');
    expect((await signedIn).accessToken).toBe('access-2');
    expect(await first.getAccessToken()).toBe('access-2');
    expect(backend.envelope.guard.loginsAt).toHaveLength(2);
    expect(scene.server.logins).toBe(2);
  });

  test('a sign-out while the new tokens are being saved is noticed right after the save', async () => {
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
    expect(backend.envelope).not.toHaveProperty('tokens');
  });
});

describe('revoking', () => {
  test('the tokens are revoked where the provider can revoke', async () => {
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

  test('the tokens are revoked although the store cannot be written', async () => {
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

  test('tokens whose refresh token the server has answered are not revoked', async () => {
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
});
