import { hashQuickly } from '@internal/test-tools/quick-hash';
import { describe, expect, test } from 'vitest';
import type { IssuedTokens, TokenRecord } from '../src/index.js';
import { hour } from './support/durations.js';
import { FakeBackend } from './support/fake-backend.js';
import { settle } from './support/manual-clock.js';
import { openSession } from './support/open-session.js';
import { noTimers, Scene } from './support/scene.js';
import { failNextSave, twoProcesses } from './support/two-processes.js';

describe('a save that fails', () => {
  hashQuickly();

  test('a set that JSON cannot hold is served, and told of', async () => {
    const { server, clock, events, session } = openSession({ scheduler: noTimers });
    server.next('login', (proceed) => ({ ...proceed(), extra: { count: 1n } }) as IssuedTokens);
    expect(await session.getAccessToken()).toBe('access-1');
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'store_failed', operation: 'compareAndSet', reason: 'TypeError' }),
    );
    session.dispose();
    await clock.advance(1);
  });

  test('the new tokens are served, and saved later under the same lease', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    expect(await first.getAccessToken()).toBe('access-2');
    expect(backend.holder?.held()).toBe(true);
    expect(backend.envelope.tokens?.accessToken).toBe('access-1');
    await scene.clock.advance(5_000);
    expect(backend.holder?.held()).toBe(true);
    repair();
    await scene.clock.advance(10_000);
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(backend.holder).toBeUndefined();
    expect(scene.types()).toContain('store_recovered');
    expect(scene.server.refreshes).toBe(1);
  });

  test('the next refresh waits until the tokens before it are saved', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    await expect(first.getTokens()).rejects.toMatchObject({ code: 'store_failed' });
    expect(scene.server.refreshes).toBe(1);
    repair();
    expect(await first.getAccessToken()).toBe('access-3');
    expect(scene.server.ledger.at(-1)).toMatchObject({ presented: 'refresh-2', outcome: 'issued' });
  });

  test('where no work may outlive a call, the next call saves the tokens', async () => {
    const { scene, backend, open } = twoProcesses();
    const session = open({ scheduler: null });
    await session.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(scene.clock.timers).toBe(0);
    expect(backend.holder).toBeUndefined();
    repair();
    await scene.clock.advance(2_000);
    expect(await session.getAccessToken()).toBe('access-2');
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
  });

  test('a save that fails once is repeated', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      backend.next('compareAndSet', async () => {
        throw new Error('connection lost');
      });
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    await scene.clock.advance(1_000);
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(scene.server.refreshes).toBe(1);
  });

  test('a save whose answer was lost is repeated, and no other process exchanges in between', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      backend.loseNextAnswer();
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(await second.getAccessToken()).toBe('access-2');
    await scene.clock.advance(60_000);
    expect(scene.types()).toContain('store_recovered');
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(backend.holder).toBeUndefined();
    expect(scene.server.refreshes).toBe(1);
  });

  test('a save whose answer was lost is not repeated over what others have added to the record since', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      backend.loseNextAnswer();
      return proceed();
    });
    await first.getAccessToken();
    const [[key, record]] = [...backend.records] as [[string, TokenRecord]];
    const { tokens, ...rest } = JSON.parse(record.value);
    const value = JSON.stringify({ ...rest, tokens: { ...tokens, ofALaterVersion: 1 } });
    backend.records.set(key, { id: 'added', value });
    await scene.clock.advance(60_000);
    expect(scene.types()).toContain('store_recovered');
    expect(backend.envelope.tokens).toMatchObject({ accessToken: 'access-2', ofALaterVersion: 1 });
  });

  test('saving goes on after the lease is lost, and other processes find the tokens', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await second.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    backend.holder?.steal();
    await scene.clock.advance(hour / 2);
    repair();
    await scene.clock.advance(60_000);
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(await second.getAccessToken()).toBe('access-2');
    expect(scene.server.logins).toBe(1);
  });

  test('a latch that is written before the save succeeds survives the save', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      backend.next('compareAndSet', () => {
        throw new Error('down');
      });
      return proceed();
    });
    await first.getTokens();
    await expect(first.signIn({ password: 'wrong' })).rejects.toMatchObject({ code: 'invalid_credentials' });
    await scene.clock.advance(60_000);
    await first.getAccessToken({ forceRefresh: true });
    expect(backend.envelope.guard.latch).toBeDefined();
  });
});

describe('a record that others change before the save', () => {
  test('a record that was rewritten without new tokens is written again', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    scene.server.next('refresh', (proceed) => {
      const [[key, record]] = [...backend.records] as [[string, { id: string; value: string }]];
      backend.records.set(key, { ...record, id: 'rewritten' });
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
  });

  test('saving stops once another process has stored a newer set', async () => {
    const { scene, backend, first, second } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    repair();
    expect((await second.signIn()).accessToken).toBe('access-3');
    await scene.clock.advance(60_000);
    expect(backend.envelope.tokens?.accessToken).toBe('access-3');
    expect(await first.getAccessToken()).toBe('access-2');
    expect(await first.getAccessToken({ forceRefresh: true })).toBe('access-3');
  });

  test('the tokens are saved where another process has removed their predecessor', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    backend.records.set([...backend.records.keys()][0] as string, {
      id: 'emptied',
      value: '{"v":1,"guard":{"failures":0,"loginsAt":[]}}',
    });
    repair();
    await scene.clock.advance(1_000);
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
  });

  test('a save that loses every comparison is reported as an event', async () => {
    const { scene, backend, first } = twoProcesses({ lock: false });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const [key] = [...backend.records.keys()] as [string];
    scene.server.next('refresh', (proceed) => {
      for (let turn = 0; turn < 8; turn++) {
        backend.next('compareAndSet', () => {
          backend.records.set(key, { ...(backend.records.get(key) as TokenRecord), id: `rewritten-${turn}` });
        });
      }
      return proceed();
    });
    expect(await first.getAccessToken()).toBe('access-2');
    expect(scene.events).toContainEqual(
      expect.objectContaining({ type: 'store_failed', reason: 'contention' }),
    );
  });
});

describe('unsaved tokens at the end of a session', () => {
  test('dispose tries once more to save, and leaves nothing running', async () => {
    const { scene, backend, first } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    repair();
    first.dispose();
    await settle();
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(scene.clock.timers).toBe(0);
    expect(backend.holder).toBeUndefined();
  });

  test('tokens that a disposed session could not save are kept for the next session on the same store', async () => {
    const scene = new Scene();
    const backend = new FakeBackend();
    const store = backend.open({ lock: true });
    const first = scene.open({ store, scheduler: noTimers });
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await first.getTokens();
    first.dispose();
    await settle();
    expect(scene.clock.timers).toBe(0);
    repair();
    await scene.clock.advance(2_000);
    const next = scene.open({ store, scheduler: noTimers });
    expect(await next.getAccessToken()).toBe('access-2');
    await settle();
    expect(backend.envelope.tokens?.accessToken).toBe('access-2');
    expect(scene.server.ledger).toHaveLength(2);
  });

  test('a sign-out while the save is repeated releases the lease at once', async () => {
    const { scene, backend, first, second } = twoProcesses();
    await first.getTokens();
    await scene.clock.advance(2 * hour);
    const repair = failNextSave(scene, backend);
    await scene.until(first.getTokens());
    // The pauses between two attempts have grown.
    await scene.clock.advance(60_000);
    repair();
    await first.signOut();
    await settle();
    expect(backend.holder).toBeUndefined();
    expect((await second.signIn()).accessToken).toBe('access-3');
  });

  test('a sign-out while the save is repeated brings no token back', async () => {
    for (const outcome of ['fails', 'succeeds']) {
      const { scene, backend, first } = twoProcesses();
      await first.getTokens();
      await scene.clock.advance(2 * hour);
      const repair = failNextSave(scene, backend);
      await first.getTokens();
      repair();
      const gate = Promise.withResolvers<void>();
      backend.next('compareAndSet', async () => {
        await gate.promise;
        if (outcome === 'fails') throw new Error('down');
      });
      await scene.clock.advance(300);
      const signedOut = first.signOut();
      gate.resolve();
      await signedOut;
      await scene.clock.advance(60_000);
      await expect(first.getTokens()).rejects.toMatchObject({ code: 'signed_out' });
      expect(first.peek()).toBeUndefined();
      expect(backend.envelope).not.toHaveProperty('tokens');
    }
  });
});
