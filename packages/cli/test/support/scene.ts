import { type RunningEmulator, startEmulator } from '@auth/testing/emulator';
import { afterEach, beforeEach } from 'vitest';
import { Home } from './cli.js';

/** For each test of a file an emulator, and the home of a person with an account there. */
export interface Scene {
  readonly emulator: RunningEmulator;
  readonly home: Home;
}

export function sceneOfEachTest(): Scene {
  const scene = {} as { emulator: RunningEmulator; home: Home };
  beforeEach(async () => {
    scene.emulator = await startEmulator();
    scene.home = new Home(scene.emulator);
  });
  afterEach(async () => {
    scene.home[Symbol.dispose]();
    await scene.emulator.close();
  });
  return scene;
}
