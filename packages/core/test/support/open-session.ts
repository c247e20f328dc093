import type { AuthEvent, AuthSession, TokenStore } from '../../src/index.js';
import type { FakeServer } from './fake-server.js';
import type { ManualClock } from './manual-clock.js';
import { Scene, type SceneOptions } from './scene.js';

interface OpenSession {
  readonly session: AuthSession;
  readonly server: FakeServer;
  readonly clock: ManualClock;
  readonly events: AuthEvent[];
  readonly store: TokenStore;
  types(): string[];
  until: Scene['until'];
}

/** One session on a scene of its own, with a store in memory where the options name none. */
export function openSession(
  options: SceneOptions = {},
  prepare: (server: FakeServer) => void = () => {},
): OpenSession {
  const scene = new Scene();
  prepare(scene.server);
  const { store = scene.memory() } = options;
  const session = scene.open({ ...options, store });
  const { server, clock, events } = scene;
  return {
    session,
    server,
    clock,
    events,
    store,
    types: () => scene.types(),
    until: scene.until.bind(scene),
  };
}
