import { expect, test } from 'vitest';
import { AuthError, logEvents } from '../src/index.js';
import { openSession } from './support/open-session.js';

test('a line an event: what failed, where, with which status, and what follows', async () => {
  const lines: string[] = [];
  const log = {
    info: (line: string) => void lines.push(`info ${line}`),
    warn: (line: string) => void lines.push(`warn ${line}`),
  };
  const { session, server } = openSession({ onEvent: logEvents(log), key: 'orders' });
  server.next('login', () => {
    throw new AuthError('server_unavailable', {
      provider: 'fake',
      phase: 'login',
      url: 'https://auth.example.com/token',
      status: 503,
      delivery: 'not_sent',
    });
  });
  await session.getTokens().catch(() => {});
  await session.signIn();
  expect(lines).toEqual([
    'warn 2026-01-01T00:00:00.000Z fake exchange_failed phase=login code=server_unavailable url=https://auth.example.com/token status=503 delivery=not_sent durationMs=0 resend=false orders',
    expect.stringMatching(/^info 2026-01-01T00:00:00.000Z fake login tokenId=\w+ durationMs=0 orders$/),
  ]);
});

test('a key with line breaks stays on its line', async () => {
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: () => {} };
  const { session } = openSession({ onEvent: logEvents(log), key: 'a\nb' });
  await session.getTokens();
  expect(lines).toEqual([expect.not.stringContaining('\n')]);
});
