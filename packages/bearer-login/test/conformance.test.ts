import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { test } from 'vitest';
import { bearerLoginProvider } from '../src/index.js';

authProviderSuite(test, () => {
  const emulator = createEmulator();
  const { options } = emulator.bearerLogin;
  return {
    provider: bearerLoginProvider(options),
    refused: bearerLoginProvider({ ...options, password: 'wrong-password' }),
    fetch: emulator.fetch,
    apiUrl: emulator.bearerLogin.apiUrl,
    lifeMs: emulator.bearerLogin.settings.accessTokenLifetimeMs,
    secrets: [emulator.bearerLogin.options.password, 'wrong-password'],
  };
});
