import { describe, expect, test } from 'vitest';
import { startEmulator } from '../src/emulator/index.js';
import { post } from './support/http.js';
import { runningEmulator } from './support/running-emulator.js';

const emulator = await runningEmulator();

describe('startEmulator', () => {
  test('a call that stalls for ever ends when the emulator is closed', async () => {
    await using other = await startEmulator();
    other.jwtLogin.set({ delayBeforeCommitMs: Number.POSITIVE_INFINITY });
    const stalled = post(`${other.jwtLogin.options.baseUrl}/auth/jwt/login`, { grant_type: 'password' });
    const outcome = stalled.catch((error: Error) => error.message);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await other.close();
    expect(await outcome).toBe('fetch failed');
  });

  test('a page lists the vendors and their URLs', async () => {
    const page = await (await fetch(emulator.url)).text();
    for (const text of ['JOOR', 'TeleTracker', 'Simacan', 'UniPoll', emulator.url, '/joor/auth/']) {
      expect(page).toContain(text);
    }
  });
});
