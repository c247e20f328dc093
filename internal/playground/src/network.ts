import type { Clock } from '@auth/core';
import type { Emulator } from '@auth/testing/emulator';
import type { Recording, Span } from './recording.ts';

/** How long a request is under way, to the server and back. */
const tripMs = { login: 400, refresh: 400, revoke: 200, call: 150 } as const;

/** Carries requests from the workers to the emulated servers and back, and records them. */
export class Network {
  recording: Recording;
  /** The auth server cannot be reached. */
  isAuthServerAway = false;
  readonly #clock: Clock;
  readonly #emulator: Emulator;
  /** What travels, by when it arrives. */
  readonly #arrivals = new Map<number, Promise<void>>();

  constructor(clock: Clock, emulator: Emulator, recording: Recording) {
    this.#clock = clock;
    this.#emulator = emulator;
    this.recording = recording;
  }

  /** The `fetch` of one worker. */
  fetchOf(worker: string): typeof fetch {
    return async (input, init) => {
      const request = new Request(input, init);
      const kind = await kindOf(request);
      const { recording } = this;
      const span = recording.begin(worker, kind);
      try {
        await this.#travel(kind);
        if (kind !== 'call' && this.isAuthServerAway) throw unreachable();
        const response = await this.#emulator.fetch(request);
        await this.#travel(kind);
        recording.finish(span, response.ok ? 'accepted' : 'refused', response.status);
        return response;
      } catch (error) {
        recording.finish(span, this.isAuthServerAway ? 'unreachable' : 'lost');
        throw error;
      }
    };
  }

  /** Requests that arrive together share a timer. */
  #travel(kind: Span['kind']): Promise<void> {
    const arrivesAt = this.#clock.monotonic() + tripMs[kind] / 2;
    const known = this.#arrivals.get(arrivesAt);
    if (known !== undefined) return known;
    const arrival = new Promise<void>((resolve) => {
      this.#clock.setTimeout(() => {
        this.#arrivals.delete(arrivesAt);
        resolve();
      }, tripMs[kind] / 2);
    });
    this.#arrivals.set(arrivesAt, arrival);
    return arrival;
  }
}

/** What a request is for, by where it goes and what it brings. */
async function kindOf(request: Request): Promise<Span['kind']> {
  if (request.url.endsWith('/revoke')) return 'revoke';
  if (!request.url.endsWith('/token')) return 'call';
  const form = new URLSearchParams(await request.clone().text());
  return form.get('grant_type') === 'password' ? 'login' : 'refresh';
}

/** What fetch throws where nobody listens. */
function unreachable(): TypeError {
  const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  return new TypeError('fetch failed', { cause });
}
