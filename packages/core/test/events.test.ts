import { describe, expect, test } from 'vitest';
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

  test('control characters in the key are escaped', async () => {
    const { session, events } = openSession({ key: 'line\nbreak\u001b[31m' });
    await session.getTokens();
    expect(events[0]).toMatchObject({ type: 'login', key: 'line\\u000abreak\\u001b[31m', provider: 'fake' });
  });
});
