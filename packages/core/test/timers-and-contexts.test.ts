import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test, vi } from 'vitest';
import { systemClock } from '../src/clock.js';
import { createAuthSession, timerScheduler } from '../src/index.js';
import { openSession } from './support/open-session.js';

const request = new AsyncLocalStorage<string>();

describe('work that a timer starts', { tags: ['fault-118'] }, () => {
  test('runs in no caller’s async context', async () => {
    const seen: (string | undefined)[] = [];
    const note = (): void => void seen.push(request.getStore());
    request.run('a caller’s', () => {
      systemClock.setTimeout(note, 1);
      timerScheduler().schedule({ key: 'key', at: Date.now() + 1, run: note });
    });
    await vi.waitFor(() => expect(seen).toHaveLength(2));
    expect(seen).toEqual([undefined, undefined]);
  });

  test('refreshes in no caller’s async context, and a caller’s own exchange runs in the caller’s', async () => {
    const { server } = openSession();
    const seen: [string, string | undefined][] = [];
    const { prepareLogin, refresh, ...rest } = server.provider() as Required<
      ReturnType<typeof server.provider>
    >;
    const session = createAuthSession(
      {
        ...rest,
        prepareLogin: () => {
          seen.push(['login', request.getStore()]);
          return prepareLogin();
        },
        refresh: (...given) => {
          seen.push(['refresh', request.getStore()]);
          return refresh(...given);
        },
      },
      { refreshPolicy: ({ issuedAt }) => ({ advisoryAt: issuedAt + 1_100, mandatoryAt: issuedAt + 60_000 }) },
    );
    await request.run('a caller’s', () => session.getTokens());
    await vi.waitFor(() => expect(seen).toHaveLength(2), 5_000);
    expect(seen).toEqual([
      ['login', 'a caller’s'],
      ['refresh', undefined],
    ]);
    session.dispose();
  });
});
