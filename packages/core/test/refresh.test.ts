import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import { hour, minute } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { noTimers, Scene } from './support/scene.js';
import { twoProcesses } from './support/two-processes.js';

describe('a refresh token that the server refuses', () => {
  hashQuickly();

  test('one login follows the refusal', async () => {
    const { session, server, clock, until } = openSession({ scheduler: noTimers });
    await session.getTokens();
    server.revokeAll();
    await clock.advance(2 * hour);
    server.ledger.length = 0;
    expect(await until(session.getAccessToken())).toBe('access-2');
    expect(server.ledger.map(({ endpoint }) => endpoint)).toEqual(['refresh', 'login']);
  });

  test('a set that another process has saved meanwhile is adopted', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: false });
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    // The second process is refused because the first has spent the token and saved its successor meanwhile.
    const firstHasSaved = Promise.withResolvers<void>();
    scene.server.next('refresh', async (proceed) => {
      await firstHasSaved.promise;
      return proceed();
    });
    const late = second.getAccessToken();
    await settle();
    expect(await first.getAccessToken()).toBe('access-2');
    firstHasSaved.resolve();
    expect(await late).toBe('access-2');
    expect(scene.server.logins).toBe(1);
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
  });

  test('the next process does not present the refused refresh token', async () => {
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

  test('without credentials the dead set is removed from the store', async () => {
    const { session, server, clock, store } = openSession({
      key: 'key',
      provider: { password: null },
      initialTokens: { accessToken: 'given', refreshToken: 'gone', expiresInMs: minute },
    });
    await session.getTokens();
    await clock.advance(hour);
    await expect(session.getTokens()).rejects.toMatchObject({ code: 'reauthentication_required' });
    expect(server.refreshes).toBe(1);
    const { value = '{}' } = (await store.get('key')) ?? {};
    expect(JSON.parse(value)).not.toHaveProperty('tokens');
  });
});

describe('a refresh that is not sent', () => {
  test('without a lock, a store that cannot be written is noticed before the refresh token is sent', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    backend.breakDown('compareAndSet');
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(scene.server.refreshes).toBe(0);
  });

  test('a set that cannot be refreshed stays in the store while nobody has refused it', async () => {
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
});
