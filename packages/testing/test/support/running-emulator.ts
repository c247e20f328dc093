import { afterAll, beforeEach } from 'vitest';
import { type RunningEmulator, type StartOptions, startEmulator } from '../../src/emulator/index.js';

/** Starts an emulator for all tests of a file, and resets its vendors before each of them. */
export async function runningEmulator(options?: StartOptions): Promise<RunningEmulator> {
  const emulator = await startEmulator(options);
  afterAll(() => emulator.close());
  beforeEach(() => {
    const names = ['joor', 'bearerLogin', 'passwordRefresh', 'jwtLogin'] as const;
    const others = ['keycloak', 'serviceNow', 'magento', 'proxmox', 'zabbix'] as const;
    for (const vendor of [...names, ...others]) emulator[vendor].reset();
  });
  return emulator;
}
