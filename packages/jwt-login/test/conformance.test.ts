import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { describe, test } from 'vitest';
import { jwtLoginProvider } from '../src/index.js';

describe.each(['headers', 'postman'] as const)('refreshMode %s', (refreshMode) => {
  authProviderSuite(test, () => {
    const emulator = createEmulator();
    const options = { ...emulator.jwtLogin.options, refreshMode };
    // The endpoint of the default mode does not work at UniPoll, and may one day.
    emulator.jwtLogin.set({ refreshWorks: refreshMode === 'headers' });
    return {
      provider: jwtLoginProvider(options),
      refused: jwtLoginProvider({ ...options, password: 'wrong-password' }),
      fetch: emulator.fetch,
      apiUrl: emulator.jwtLogin.apiUrl,
      lifeMs: emulator.jwtLogin.settings.accessTokenLifetimeMs,
      secrets: [options.password, 'wrong-password'],
    };
  });
});
