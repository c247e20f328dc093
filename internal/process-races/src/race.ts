import { ProcessGroup } from './process-group.ts';
import type { StorePlace } from './store-place.ts';

/** What a race came to. */
export interface RaceResult {
  readonly rounds: number;
  /** Token calls that the server saw. One a round is right. */
  readonly exchanges: number;
  /** Those of them that were logins. None is right. */
  readonly logins: number;
  /** Processes without a token, or whose token the API refused. */
  readonly failures: number;
  /** Rounds after which the store did not hold the newest refresh token. */
  readonly lost: number;
  /** From the barrier to the last token of a round, milliseconds. */
  readonly durationsMs: readonly number[];
}

/** Milliseconds that it takes at most to tell every process when to start. */
const leadMs = 30;

/** Lets many processes meet an expired token at the same instant, again and again. */
export async function race(
  place: StorePlace,
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
  const calls: string[] = [];
  let failures = 0;
  let lost = 0;
  const durationsMs: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    group.expire();
    const startAt = Date.now() + leadMs;
    const answers = await Promise.all(workers.map((worker) => worker.token(startAt)));
    durationsMs.push(Math.max(...answers.map(({ tookMs }) => tookMs)));
    const statuses = await Promise.all(workers.map((worker) => worker.call()));
    failures += answers.filter(({ error }, index) => error !== undefined || statuses[index] !== 200).length;
    calls.push(...group.calls());
    if (!(await group.keepsNewest())) lost++;
    onRound(round);
  }
  const logins = calls.filter((call) => call.startsWith('login')).length;
  return { rounds, exchanges: calls.length, logins, failures, lost, durationsMs };
}
