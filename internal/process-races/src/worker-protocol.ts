import type { StorePlace } from './store-place.ts';

/** Steps of an exchange at which a worker can be made to wait. */
export type Point =
  /** Under the lease, before the check that the lease is held. */
  | 'before_held'
  /** After that check, before the request. */
  | 'before_request'
  /** The server has acted, and its answer has not been read. */
  | 'after_commit'
  /** The answer has been read, and nothing has been saved. */
  | 'after_answer'
  /** Half of the new record is in the temporary file. */
  | 'half_written'
  /** The temporary file is complete. */
  | 'before_link'
  /** The new record has its name; the old one is not yet removed. */
  | 'after_link';

/** What a worker is started with. */
export interface WorkerOptions {
  readonly place: StorePlace;
  readonly baseUrl: string;
  readonly apiUrl: string;
  readonly username: string;
  readonly password: string;
  /** Where the first exchange says `waiting` and waits. */
  readonly stopAt?: Point | undefined;
}

/** What a worker is told to do. */
export type WorkerCommand =
  /** Asks for a token when the wall clock shows `startAt`, on a session clock that is `offsetMs` ahead. */
  | { readonly do: 'token'; readonly startAt: number; readonly offsetMs: number }
  /** Calls the API. */
  | { readonly do: 'call' }
  /** Continues from the point where it waits. */
  | { readonly do: 'go' };

/** What a worker says. */
export type WorkerMessage =
  | { readonly say: 'ready' }
  | { readonly say: 'waiting'; readonly at: Point }
  | { readonly say: 'token'; readonly error?: string; readonly tookMs: number }
  | { readonly say: 'status'; readonly status: number };
