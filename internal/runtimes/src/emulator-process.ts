/** Runs the vendors' servers for a runtime in a separate process. Ends when its parent does. */
import { startEmulator } from '@auth/testing/emulator';
import { placeOf } from './suite/place.ts';

const emulator = await startEmulator();
process.on('disconnect', () => process.exit());
process.send?.(placeOf(emulator));
