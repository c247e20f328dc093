import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { createAuthSession } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeServer } from './support/fake-server.js';
import { settle } from './support/manual-clock.js';
import { Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('signing in', () => {
  hashQuickly();

  test('signIn logs in although a fresh set is stored', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    expect((await second.signIn()).accessToken).toBe('access-2');
    expect(scene.server.logins).toBe(2);
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
  });

  test('a refusal leaves the stored tokens alone', async () => {
    const { backend, first } = twoProcesses();
    await first.getTokens();
    await expect(first.signIn({ password: 'wrong' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    expect(await first.getAccessToken()).toBe('access-1');
    expect(backend.envelope.tokens?.accessToken).toBe('access-1');
  });

  test('a sign-in that cannot be saved fails, and its tokens are saved later', {
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
    expect(backend.envelope.tokens?.accessToken).toBe('access-1');
  });

  test('signIn succeeds although another process has signed out unnoticed', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await second.signOut();
    expect((await first.signIn()).accessToken).toBe('access-2');
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(scene.server.logins).toBe(2);
  });

  describe('the password', () => {
    test('an empty password is refused and not sent', async () => {
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

    test('a password is refused where the provider does not take one', async () => {
      const { prepareSignIn: _, ...provider } = new FakeServer().provider();
      const session = createAuthSession(provider);
      await expect(session.signIn({ password: 'x' })).rejects.toMatchObject({ code: 'invalid_options' });
    });

    test('sessions that sign in at the same time each check their own password', async () => {
      const scene = new Scene();
      const store = scene.memory();
      const knows = scene.open({ store });
      const guesses = scene.open({ store, provider: { password: 'a guess' } });
      const [left, right] = await Promise.allSettled([knows.signIn(), guesses.signIn()]);
      expect(left).toMatchObject({ status: 'fulfilled' });
      expect(right).toMatchObject({ status: 'rejected', reason: { code: 'invalid_credentials' } });
      expect(scene.server.logins).toBe(2);
    });
  });

  describe('while other work is under way', () => {
    test('signIn waits for the flight under way, and sign-ins at the same time share one login', async () => {
      const { scene, first } = twoProcesses();
      const call = first.getAccessToken();
      const [left, right] = await Promise.all([first.signIn(), first.signIn()]);
      expect(await call).toBe('access-1');
      expect(left).toBe(right);
      expect(scene.server.logins).toBe(2);
    });

    test('a call during a sign-in that fails gets a token of its own', async () => {
      const { scene, first } = twoProcesses();
      await first.getTokens();
      await scene.clock.advance(2 * hour);
      const signIn = first.signIn({ password: 'wrong' }).catch((error: { code: string }) => error.code);
      const call = first.getAccessToken();
      expect(await signIn).toBe('invalid_credentials');
      expect(await call).toBe('access-2');
      expect(scene.server.refreshes).toBe(1);
    });

    test('a sign-in right after a sign-out waits for the sign-out', async () => {
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
      expect(backend.envelope.tokens?.accessToken).toBe('access-2');
      expect(await first.getAccessToken()).toBe('access-2');
    });

    test('a sign-in after a sign-out does not join a sign-in from before it', async () => {
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
  });

  describe('giving up', () => {
    test('a sign-in that was aborted before it began sends nothing', async () => {
      const { scene, first } = twoProcesses();
      const signal = AbortSignal.abort(new Error('gone'));
      await expect(first.signIn({ signal })).rejects.toThrow('gone');
      await settle();
      expect(scene.server.logins).toBe(0);
    });

    test('a sign-in that is aborted while it waits sends nothing', async () => {
      const { scene, first } = twoProcesses();
      const answer = scene.server.holdNext('login');
      const call = first.getAccessToken();
      const controller = new AbortController();
      const signIn = first.signIn({ signal: controller.signal });
      await settle();
      controller.abort(new Error('gone'));
      await expect(signIn).rejects.toThrow('gone');
      answer();
      await call;
      await settle();
      expect(scene.server.logins).toBe(1);
    });

    test('a sign-in that still waits when its session is disposed is carried out', async () => {
      const { scene, first } = twoProcesses();
      const answer = scene.server.holdNext('login');
      const call = first.getAccessToken();
      const signIn = first.signIn();
      await settle();
      first.dispose();
      answer();
      expect(await call).toBe('access-1');
      expect((await signIn).accessToken).toBe('access-2');
      expect(scene.server.logins).toBe(2);
    });
  });
});
