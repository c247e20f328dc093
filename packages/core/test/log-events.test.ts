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

test('words of a server that forge a line, and what a URL holds beside its place, are not written', async () => {
  const lines: string[] = [];
  const log = {
    info: (line: string) => void lines.push(line),
    warn: (line: string) => void lines.push(line),
  };
  const { session, server } = openSession({ onEvent: logEvents(log), provider: { name: 'fake\u001b[2J' } });
  server.next('login', () => {
    throw new AuthError('server_unavailable', {
      serverCode: 'word\nFORGED line',
      url: 'https://user:secret@auth.example.com/token?q=secret#secret',
    });
  });
  await session.getTokens().catch(() => {});
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('url=https://auth.example.com/token ');
  for (const forged of ['\n', '\u001b', 'secret']) expect(lines[0]).not.toContain(forged);
});

test('a key with line breaks stays on its line', async () => {
  const lines: string[] = [];
  const log = { info: (line: string) => void lines.push(line), warn: () => {} };
  const { session } = openSession({ onEvent: logEvents(log), key: 'a\nb' });
  await session.getTokens();
  expect(lines).toEqual([expect.not.stringContaining('\n')]);
});
