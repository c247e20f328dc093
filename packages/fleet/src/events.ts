import type { Maintenance } from '@auth/core';
import type { Census } from './sweep.js';

interface Timed {
  /** How long after its time the run began, milliseconds. */
  readonly lateMs: number;
  /** How long the run took, milliseconds. */
  readonly durationMs: number;
}

/** What a keeper does, as an operator plots it. No event holds a token or a secret; `ref` is the application's id. */
export type KeeperEvent =
  /** A run has looked at an account, and renewed its tokens if they were due. */
  | (Timed & {
      readonly type: 'ran';
      readonly ref: string;
      readonly state: Maintenance['state'];
      readonly nextAt?: number;
    })
  /** The account's job has ended: it is signed out, or its password was refused, until a person acts. */
  | (Timed & { readonly type: 'needs_person'; readonly ref: string; readonly state: Maintenance['state'] })
  /** `open` knows no such account: its job has ended. */
  | (Timed & { readonly type: 'account_unknown'; readonly ref: string })
  /** A sweep has gone through all accounts, and counted them by state. */
  | (Timed & {
      readonly type: 'swept';
      readonly accounts: number;
      readonly states: Census;
      readonly nextAt?: number;
    })
  /** `open`, the store or `accounts` failed; the run comes back at `nextAt`. `reason`: a code or a class name. */
  | {
      readonly type: 'run_failed';
      readonly ref: string;
      readonly reason: string;
      /** In a row. */
      readonly failures: number;
      readonly nextAt: number;
    }
  /** `release` failed, or had not ended after a minute. What the run came to stands. `reason`: a code or a class name. */
  | { readonly type: 'release_failed'; readonly ref: string; readonly reason: string }
  /** The queue's engine could not do something. */
  | { readonly type: 'queue_failed'; readonly reason: string }
  /** A setting of the queue's engine may cost it the schedule, such as Redis' `appendonly`. */
  | { readonly type: 'queue_at_risk'; readonly setting: string }
  /** The queue has no rate that workers share: `perIssuer` holds for each process. */
  | { readonly type: 'rate_per_process'; readonly perIssuer: number };
