import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { test } from 'vitest';
import { passwordRefreshProvider } from '../src/index.js';

authProviderSuite(test, () => {
  const emulator = createEmulator();
  const { options } = emulator.passwordRefresh;
  return {
    provider: passwordRefreshProvider(options),
    refused: passwordRefreshProvider({ ...options, password: 'wrong-password' }),
    fetch: emulator.fetch,
    apiUrl: emulator.passwordRefresh.apiUrl,
    lifeMs: emulator.passwordRefresh.settings.accessTokenLifetimeMs,
    secrets: [emulator.passwordRefresh.options.password, 'wrong-password'],
  };
});
