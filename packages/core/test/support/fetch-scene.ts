import {
  type AuthProvider,
  type AuthSession,
  type AuthSessionOptions,
  createAuthSession,
} from '../../src/index.js';
import { FakeApi } from './fake-api.js';
import type { FakeServer } from './fake-server.js';
import type { ManualClock } from './manual-clock.js';
import { Scene } from './scene.js';

export interface FetchScene {
  /** The API that the token may go to. */
  readonly api: FakeApi;
  /** An API on another origin. */
  readonly elsewhere: FakeApi;
  readonly server: FakeServer;
  readonly clock: ManualClock;
  open(changes?: Partial<AuthProvider>, options?: AuthSessionOptions): AuthSession;
  /** The first token is fresh for the session and refused by the API. */
  revokeFirstToken(): void;
  stop(): Promise<unknown>;
}

/** Two APIs on loopback, and sessions whose token may go to the first of them. */
export async function startFetchScene(): Promise<FetchScene> {
  const [api, elsewhere] = await Promise.all([new FakeApi().start(), new FakeApi().start()]);
  const { server, clock } = new Scene();
  return {
    api,
    elsewhere,
    server,
    clock,
    open: (changes = {}, options = {}) =>
      createAuthSession(
        { ...server.provider(), allowedOrigins: [api.origin], ...changes },
        { clock, ...options },
      ),
    revokeFirstToken: () => {
      api.accepted = 'access-2';
    },
    stop: () => Promise.all([api.stop(), elsewhere.stop()]),
  };
}
