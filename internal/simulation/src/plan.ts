/** What a themed run is about. It is calm but for its own trouble, so that its rules can be strict. */
export const themes = [
  /** The API refuses the token now and then, in bursts, for days. */
  'revocations',
  /** One of two origins refuses every token. */
  'refusing_api',
  /** The refresh endpoint answers neither with tokens nor with a refusal, for good. */
  'broken_refresh',
  /** The client's secret is changed at the server first. */
  'refused_client',
  /** A machine whose clock is far ahead leaves its dates in the record. */
  'clock_ahead',
  /** Each process makes one call, and exits with it. */
  'one_call',
  /** Sessions are disposed and closed while calls are under way. */
  'ends',
  /** Nobody reaches the auth server for ten minutes; each process has several accounts. */
  'outage',
  /** Somebody signs out while the store's notifications are cut off. */
  'cut_off',
  /** Copies of the library, each loaded apart, share a store in one process. */
  'copies',
  /** The server gives no refresh tokens, and sessions log in before a set ends. */
  'login_ahead',
  /** The store loses all its data, and says so; processes hold what it had. */
  'lost_data',
  /** A fleet's workers renew an account that programs use: its jobs run late, twice, in another order and never. */
  'workers',
] as const;

export type Theme = (typeof themes)[number];

/** How the server treats a refresh token that was spent before. */
export type Rotation =
  | 'reuse_rejected'
  | 'reuse_ends_family'
  /** Within 2 s the server repeats its answer, as some servers do; later it acts like `reuse_rejected`. */
  | 'grace';

/** What kind of store the processes share. */
export type StoreKind =
  /** Atomic compare, and a lease built on it. */
  | 'leased'
  /** The same, but a fail-over sometimes loses an acknowledged write or a lock record. */
  | 'forgetful'
  /** Atomic compare, no lock. */
  | 'atomic'
  /** A get followed by a set, no lock. */
  | 'get_then_set'
  /** The same, with a lock of its own that ends with the process that holds it. */
  | 'locked'
  /** The engine's own memory store, which copies of the engine share in one process. */
  | 'shared';

/** What a process does with a record. */
export type Access = 'read' | 'write';

/** Something that goes wrong, or that a person does. */
export type Fault = { readonly at: number } & (
  | { readonly kind: 'crash'; readonly process: number; readonly restartAfterMs: number }
  | { readonly kind: 'freeze'; readonly process: number; readonly forMs: number }
  /** Freezes the process while it reads or writes the record under the lock, between the grant and the exchange. */
  | {
      readonly kind: 'freeze_with_lock';
      readonly process: number;
      readonly during: Access;
      readonly forMs: number;
    }
  | { readonly kind: 'clock_step'; readonly process: number; readonly byMs: number }
  /** The next exchange never reaches the server; the client can tell only from `refuse_connection`. */
  | { readonly kind: 'refuse_connection' }
  | { readonly kind: 'drop_before' }
  /** Like `drop_before`, and the process freezes as soon as it learns of the loss. */
  | { readonly kind: 'drop_and_freeze'; readonly forMs: number }
  /** The next exchange takes effect and its answer is lost: `drop_after` fails at once, `stall` never answers. */
  | { readonly kind: 'drop_after' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'limit'; readonly retryAfterMs: number | undefined }
  | { readonly kind: 'break' }
  | { readonly kind: 'store_outage'; readonly forMs: number }
  /** The next write throws: `lose_write_answer` after it has taken effect, `fail_write` before. */
  | { readonly kind: 'lose_write_answer' }
  | { readonly kind: 'fail_write' }
  /** The next write is acknowledged, and has no effect. */
  | { readonly kind: 'forget_write' }
  | { readonly kind: 'slow_store'; readonly forMs: number }
  | { readonly kind: 'forget_lease' }
  | { readonly kind: 'sign_out'; readonly process: number }
  /** Signs out during the next exchange. */
  | { readonly kind: 'sign_out_midway' }
  | { readonly kind: 'sign_in'; readonly process: number }
  | { readonly kind: 'revoke_access' }
  | { readonly kind: 'end_sessions' }
  /** Somebody changes the password on the server; the vault follows later, if at all. */
  | { readonly kind: 'change_password'; readonly vaultAfterMs: number }
  /** The same with the client's secret. */
  | { readonly kind: 'rotate_client'; readonly oursAfterMs: number }
  /** The refresh endpoint answers with this status from now on. */
  | { readonly kind: 'break_refresh'; readonly status: number }
  /** Nobody reaches the server: each exchange fails after `failMs`. */
  | { readonly kind: 'outage'; readonly forMs: number; readonly failMs: number }
  /** The store notifies nobody, and says afterwards that news was missed. */
  | { readonly kind: 'cut_notifications'; readonly forMs: number }
  /** Everything that the store has is gone, locks included. */
  | { readonly kind: 'lose_data' }
  /** A newer version of the engine writes the record, with members that this version does not know. */
  | { readonly kind: 'newer_version' }
  /** The session of a process ends, and the process opens another. */
  | { readonly kind: 'end_session'; readonly process: number; readonly by: 'dispose' | 'close' }
);

/** A call of the API that a program makes. */
export interface PlannedCall {
  readonly at: number;
  readonly process: number;
  /** To the origin that refuses every token. */
  readonly isToRefusingOrigin?: boolean;
  /** By another account of the process, from 1. */
  readonly account?: number;
}

/** Everything a run consists of. The same plan runs the same way on every machine. */
export interface Plan {
  readonly seed: number;
  /** `any`: all kinds of faults strike. */
  readonly theme: Theme | 'any';
  readonly store: StoreKind;
  readonly rotation: Rotation;
  readonly processes: number;
  readonly accessLifeMs: number;
  /** Whether the server tells how long its tokens live. */
  readonly tellsLife: boolean;
  readonly maxLoginsPerHour: number;
  /** How long faults go on. */
  readonly troubleMs: number;
  readonly calls: readonly PlannedCall[];
  readonly faults: readonly Fault[];
}
