import {
  type AuthEvent,
  type AuthSession,
  type AuthSessionOptions,
  type Clock,
  createAuthSession,
  memoryStore,
  type RefreshScheduler,
  type TokenStore,
} from '../../src/index.js';
import { FakeServer } from './fake-server.js';
import { ManualClock } from './manual-clock.js';

/** The options of a session on a scene's server, and those of its provider. */
export type SceneOptions = AuthSessionOptions & { provider?: Parameters<FakeServer['provider']>[0] };

/** A server, a clock, and sessions on them. */
export class Scene {
  readonly server: FakeServer = new FakeServer();
  readonly clock: ManualClock = new ManualClock();
  readonly events: AuthEvent[] = [];

  open(options: SceneOptions = {}): AuthSession {
    const { provider, ...session } = options;
    return createAuthSession(this.server.provider(provider), {
      clock: this.clock,
      random: () => 0.5,
      onEvent: (event) => this.events.push(event),
      ...session,
    });
  }

  /** This scene's clock as a process of its own has it: what processes keep by clock they do not share. */
  clockOfProcess(): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      setTimeout: (run, delayMs) => clock.setTimeout(run, delayMs),
      clearTimeout: (timer) => clock.clearTimeout(timer as never),
    };
  }

  /** A store in memory on this scene's clock. */
  memory(): TokenStore {
    return memoryStore({ now: this.clock.now });
  }

  /** Advances the clock until the promise settles, at most `limitMs`. */
  async until<Result>(work: Promise<Result>, limitMs = 600_000): Promise<Result> {
    let settled = false;
    const done = (): void => {
      settled = true;
    };
    work.then(done, done);
    for (let passed = 0; passed <= limitMs; passed += 50) {
      await this.clock.advance(50);
      if (settled) break;
    }
    return work;
  }

  /** The types of the events so far, in order. */
  types(): string[] {
    return this.events.map(({ type }) => type);
  }
}

/** Schedules nothing, so that only callers cause exchanges. */
export const noTimers: RefreshScheduler = { schedule: () => () => {} };
