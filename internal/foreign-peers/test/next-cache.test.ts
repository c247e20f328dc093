import { startEmulator } from '@auth/testing/emulator';
import { runProgram } from '@internal/test-tools';
import { expect, test } from 'vitest';

test('the cache of fetch in Next.js 14 answers no exchange, though it answers a login by hand', {
  tags: ['fault-101'],
}, async () => {
  await using emulator = await startEmulator();
  const { baseUrl, username, password } = emulator.passwordRefresh.options;
  const ended = await runProgram(new URL('programs/next-cache.ts', import.meta.url), {
    NODE_OPTIONS: '--conditions=react-server',
    SIMACAN_URL: baseUrl,
    SIMACAN_USERNAME: username,
    SIMACAN_PASSWORD: password,
  });
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(JSON.parse(ended.stdout)).toEqual({ isCachedByHand: true, different: 4 });
  const { ledger } = emulator.passwordRefresh;
  expect([ledger.logins, ledger.refreshes]).toEqual([3, 2]);
});
