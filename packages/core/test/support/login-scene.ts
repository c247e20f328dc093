import type { AuthSession } from '../../src/index.js';
import { FakeBackend } from './fake-backend.js';
import type { FakeServer } from './fake-server.js';
import type { ManualClock } from './manual-clock.js';
import { noTimers, Scene, type SceneOptions } from './scene.js';

interface LoginScene {
  readonly server: FakeServer;
  readonly clock: ManualClock;
  readonly backend: FakeBackend;
  /** Starts a process with this password configured; without one, with the right password. */
  open(password?: string | (() => string) | null, options?: SceneOptions): AuthSession;
}

/** A server, and processes on one backend that log in to it with passwords of their own. */
export function loginScene(): LoginScene {
  const scene = new Scene();
  const backend = new FakeBackend();
  return {
    server: scene.server,
    clock: scene.clock,
    backend,
    open: (password, options = {}) =>
      scene.open({
        store: backend.open(),
        scheduler: noTimers,
        provider: password === undefined ? {} : { password },
        ...options,
      }),
  };
}
