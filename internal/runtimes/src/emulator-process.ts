/** The servers that a runtime is sent to, in a process of their own. Ends when its parent does. */
import { startEmulator } from '@auth/testing/emulator';
import { placeOf } from './suite/place.ts';

const emulator = await startEmulator();
process.on('disconnect', () => process.exit());
process.send?.(placeOf(emulator));
