import type { AuthSession } from '../../src/index.js';
import { FakeBackend } from './fake-backend.js';
import { noTimers, Scene, type SceneOptions } from './scene.js';

interface TwoProcesses {
  readonly scene: Scene;
  readonly backend: FakeBackend;
  /** Starts one more process. */
  open(extra?: SceneOptions): AuthSession;
  readonly first: AuthSession;
  readonly second: AuthSession;
}

/** Two processes on one backend: two stores, one server, one clock. */
export function twoProcesses(
  options: { lock?: boolean; subscribe?: boolean; dataId?: boolean } = { lock: true },
): TwoProcesses {
  const scene = new Scene();
  const backend = new FakeBackend();
  const open = (extra: SceneOptions = {}): AuthSession =>
    scene.open({ store: backend.open(options), scheduler: noTimers, ...extra });
  return { scene, backend, open, first: open(), second: open() };
}

/** The next refresh is answered while the store takes no writes; the returned function repairs the store. */
export function failNextSave(scene: Scene, backend: FakeBackend): () => void {
  let repair = (): void => {};
  scene.server.next('refresh', (proceed) => {
    repair = backend.breakDown('compareAndSet');
    return proceed();
  });
  return () => repair();
}
