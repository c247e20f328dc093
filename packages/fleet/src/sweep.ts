import type { AuthStatus } from '@auth/core';
import { type Opening, openAccount, releaseAccount } from './open-account.js';
import type { RefreshJob, RefreshQueue } from './queue.js';
import { isRef } from './refs.js';

/**
 * Accounts by state, as their records told: `unknown` are those that `open` does not know, `failed` those that could not
 * be opened or read.
 */
export type Census = Readonly<Partial<Record<AuthStatus['state'] | 'unknown' | 'failed', number>>>;

/** What a sweep needs. */
export interface SweepParts extends Opening {
  readonly queue: RefreshQueue;
  readonly accounts: () => AsyncIterable<string>;
  /** Accounts that are read at a time. */
  readonly concurrency: number;
  /** The first runs of accounts without a job are spread over this, milliseconds. */
  readonly spreadMs: number;
  readonly random: () => number;
}

/** So many jobs are put at a time. */
const batchSize = 500;

/** Goes through all accounts: enrols those without a job, moves no schedule that stands, and counts states. */
export async function sweep(parts: SweepParts, signal: AbortSignal): Promise<Census> {
  const counts: Record<string, number> = {};
  let batch: string[] = [];
  const finish = async (): Promise<void> => {
    await enrol(parts, batch);
    await countStates(parts, batch, counts, signal);
    batch = [];
  };
  for await (const ref of parts.accounts()) {
    signal.throwIfAborted();
    // One that no account may have must not end the sweep for all that come after it.
    if (!isRef(ref)) counts['failed'] = (counts['failed'] ?? 0) + 1;
    else if (batch.push(ref) === batchSize) await finish();
  }
  if (batch.length > 0) await finish();
  return counts;
}

async function enrol({ queue, spreadMs, clock, random }: SweepParts, refs: readonly string[]): Promise<void> {
  const now = clock.now();
  const jobs = refs.map((ref): RefreshJob => ({ v: 1, ref, at: Math.ceil(now + spreadMs * random()) }));
  await queue.put(jobs, { ifAbsent: true });
}

async function countStates(
  parts: SweepParts,
  refs: readonly string[],
  counts: Record<string, number>,
  signal: AbortSignal,
): Promise<void> {
  const waiting = [...refs];
  const readers = Array.from({ length: parts.concurrency }, async () => {
    for (let ref = waiting.pop(); ref !== undefined; ref = waiting.pop()) {
      const state = await stateOf(parts, ref, signal);
      counts[state] = (counts[state] ?? 0) + 1;
    }
  });
  await Promise.all(readers);
}

/** Reads an account's record, and changes nothing. */
async function stateOf(parts: SweepParts, ref: string, signal: AbortSignal): Promise<keyof Census> {
  try {
    const session = await openAccount(parts, ref, signal);
    if (session === undefined) return 'unknown';
    try {
      return (await session.status()).state;
    } finally {
      await releaseAccount(parts, session, ref);
    }
  } catch {
    // What was not looked at is not counted: the sweep comes again.
    signal.throwIfAborted();
    // The account's own run tells of it.
    return 'failed';
  }
}
