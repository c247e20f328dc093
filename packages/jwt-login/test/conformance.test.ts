import { authProviderSuite } from '@auth/testing/conformance';
import { createEmulator } from '@auth/testing/emulator';
import { test } from 'vitest';
import { jwtLoginProvider } from '../src/index.js';

authProviderSuite(test, () => {
  const emulator = createEmulator();
  const { options } = emulator.jwtLogin;
  return {
    provider: jwtLoginProvider(options),
    refused: jwtLoginProvider({ ...options, password: 'wrong-password' }),
    fetch: emulator.fetch,
    secrets: [emulator.jwtLogin.options.password, 'wrong-password'],
  };
});
