import { describe, expect, test } from 'vitest';
import { memoryStore, type TokenStore } from '../src/index.js';
import { openSession } from './support/open-session.js';

describe('events', () => {
  test('a listener that throws, rejects or calls the session back breaks nothing', async () => {
    const { session } = openSession();
    const seen: string[] = [];
    session.subscribe(() => {
      throw new Error('listener');
    });
    session.subscribe((async () => {
      throw new Error('listener');
    }) as () => void);
    const stop = session.subscribe((event) => {
      seen.push(event.type);
      void session.getTokens();
    });
    expect(await session.getAccessToken()).toBe('access-1');
    stop();
    stop();
    await session.getAccessToken({ forceRefresh: true });
    expect(seen).toEqual(['login']);
  });

  test('a listener that hears of a new set finds it in hand', async () => {
    const { session } = openSession();
    const seen: unknown[] = [];
    session.subscribe(({ type }) => seen.push([type, session.peek()?.accessToken]));
    await session.getTokens();
    await session.getTokens({ forceRefresh: true });
    expect(seen).toEqual([
      ['login', 'access-1'],
      ['refresh', 'access-2'],
    ]);
  });

  test('a login is told with the instant at which it was over, however long its save takes', async () => {
    const inner = memoryStore();
    const store: TokenStore = {
      get: inner.get,
      async compareAndSet(...call) {
        clock.jump(1_000);
        return inner.compareAndSet(...call);
      },
    };
    const { session, events, clock } = openSession({ store });
    const before = clock.now();
    await session.getTokens();
    // Counting the login was the first write, saving its tokens the second.
    expect([events[0]?.at, clock.now()]).toEqual([before + 1_000, before + 2_000]);
  });

  test('control characters in the key are escaped', async () => {
    const { session, events } = openSession({ key: 'line\nbreak\u001b[31m' });
    await session.getTokens();
    expect(events[0]).toMatchObject({ type: 'login', key: 'line\\u000abreak\\u001b[31m', provider: 'fake' });
  });
});
