import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { test } from 'vitest';
import { joorProvider } from '../src/index.js';

authProviderSuite(test, () => {
  const emulator = createEmulator();
  const options = { ...emulator.joor.options, refresh: { tokenEndpoint: emulator.joor.tokenEndpoint } };
  return {
    provider: joorProvider(options),
    refused: joorProvider({ ...options, password: 'wrong-password' }),
    fetch: emulator.fetch,
    apiUrl: emulator.joor.apiUrl,
    lifeMs: emulator.joor.settings.accessTokenLifetimeMs,
    secrets: [emulator.joor.options.password, 'wrong-password', emulator.joor.options.clientSecret],
  };
});
