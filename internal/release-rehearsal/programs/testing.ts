import { startEmulator } from '@auth/testing/emulator';

await using emulator = await startEmulator();
const response = await fetch(emulator.joor.apiUrl);
if (response.status !== 401) throw new Error(`the emulator answered ${response.status} to nobody`);
