import type { LedgerReport } from './ledger.ts';

/** The engine that carries a fleet's schedule, and its store beside it. */
export type EnginePlace =
  | { readonly kind: 'bullmq'; readonly port: number }
  | { readonly kind: 'pg-boss'; readonly url: string };

/** A bug that a worker is made with, for the judge to find. */
export type Planted = 'never renews' | 'renews twice';

/** Who calls `maintain()`: the keeper, or twenty lines without a queue, to compare with. */
export type WorkedBy = 'keeper' | 'hand';

/** What a process of the fleet is started with. */
export interface FleetOptions {
  readonly engine: EnginePlace;
  readonly baseUrl: string;
  readonly accounts: number;
  readonly lifeMs: number;
  readonly perIssuer?: number | undefined;
  readonly sweepSpreadMs?: number | undefined;
  readonly planted?: Planted | undefined;
  /** Which of how many workers it is, where they share the accounts out by hand. */
  readonly share?: { readonly index: number; readonly of: number } | undefined;
}

export type ServerCommand = { readonly do: 'begin' | 'report' | 'count' | 'goAway' | 'comeBack' };
export type ServerMessage =
  | { readonly say: 'ready'; readonly port: number }
  | { readonly say: 'done' }
  | { readonly say: 'count'; readonly accounts: number; readonly rotations: number }
  | { readonly say: 'report'; readonly report: LedgerReport };

export type FleetCommand =
  | { readonly do: 'report' }
  /** Asks for all accounts, so many at once. */
  | { readonly do: 'open'; readonly atOnce: number };

/** What a worker, or a program that calls, has done since it began. */
export interface FleetReport {
  /** Runs of jobs, and those that failed. */
  readonly runs: number;
  readonly failed: number;
  /** How late runs began, milliseconds. */
  readonly lateMs: readonly number[];
  /** Sweeps through all accounts. */
  readonly sweeps: number;
  /** Token calls that were sent, by the second of the epoch, whether or not a server was there. */
  readonly sentBySecond: Readonly<Record<number, number>>;
  /** Calls for a token, how long those waited that did not have one at once, and those that got none. */
  readonly calls: number;
  readonly waitsMs: readonly number[];
  readonly errors: Readonly<Record<string, number>>;
  /** CPU time of the process since it began, milliseconds, and the most memory that it had, MiB. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

export type FleetMessage =
  | { readonly say: 'ready' }
  | { readonly say: 'done' }
  | { readonly say: 'report'; readonly report: FleetReport };
