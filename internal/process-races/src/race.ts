import { ProcessGroup } from './process-group.ts';
import type { TemporaryPlace } from './temporary-place.ts';

/** The result of a race. */
export interface RaceResult {
  readonly rounds: number;
  /** Token calls that the server saw. There must be one a round. */
  readonly exchanges: number;
  /** How many of these token calls were logins. There must be none. */
  readonly logins: number;
  /** Processes without a token, or whose token the API refused. */
  readonly failures: number;
  /** The counts of the round in which the store's primary was killed, which is in no other count. */
  readonly failOver: RoundCounts | undefined;
  /** Rounds after which the store did not hold the newest refresh token. */
  readonly lost: number;
  /** From the barrier to the last token of a round, milliseconds. */
  readonly durationsMs: readonly number[];
}

interface RoundCounts {
  readonly exchanges: number;
  readonly logins: number;
  readonly failures: number;
  readonly lost: number;
}

/** The time within which every process has been told when to start, milliseconds. */
const leadMs = 30;

/** While the processes wait for the lease, and one of them for the server. */
const failOverAfterMs = leadMs + 5;

/**
 * Lets many processes meet an expired token at the same instant, again and again. A store that can fail over does so in
 * the round in the middle.
 */
export async function race(
  { place, failOver }: TemporaryPlace,
  {
    processes,
    rounds,
    onRound = () => {},
  }: { readonly processes: number; readonly rounds: number; readonly onRound?: (round: number) => void },
): Promise<RaceResult> {
  await using group = await ProcessGroup.start(place);
  const workers = await Promise.all(Array.from({ length: processes }, () => group.open()));
  await Promise.all(workers.map((worker) => worker.token()));
  group.calls();
  const counts = { exchanges: 0, logins: 0, failures: 0, lost: 0 };
  let inFailOver: RoundCounts | undefined;
  const durationsMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    group.expire();
    const isFailOver = failOver !== undefined && round === Math.ceil(rounds / 2);
    const startAt = Date.now() + leadMs;
    const killed = isFailOver ? pause(failOverAfterMs).then(failOver) : undefined;
    const answers = await Promise.all(workers.map((worker) => worker.token(startAt)));
    const statuses = await Promise.all(workers.map((worker) => worker.call()));
    await killed;
    const calls = group.calls();
    const ofRound = {
      exchanges: calls.length,
      logins: calls.filter((call) => call.startsWith('login')).length,
      failures: answers.filter(({ error }, index) => error !== undefined || statuses[index] !== 200).length,
      lost: (await group.keepsNewest()) ? 0 : 1,
    };
    if (isFailOver) inFailOver = ofRound;
    else {
      durationsMs.push(Math.max(...answers.map(({ tookMs }) => tookMs)));
      for (const name of ['exchanges', 'logins', 'failures', 'lost'] as const) counts[name] += ofRound[name];
    }
    onRound(round);
  }
  return { rounds: durationsMs.length, ...counts, failOver: inFailOver, durationsMs };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
