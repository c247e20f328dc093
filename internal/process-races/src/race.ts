import { ProcessGroup } from './process-group.ts';
import type { StorePlace } from './store-place.ts';

/** The result of a race. */
export interface RaceResult {
  readonly rounds: number;
  /** Token calls that the server saw. There must be one a round. */
  readonly exchanges: number;
  /** How many of these token calls were logins. There must be none. */
  readonly logins: number;
  /** Processes without a token, or whose token the API refused. */
  readonly failures: number;
  /** Rounds after which the store did not hold the newest refresh token. */
  readonly lost: number;
  /** From the barrier to the last token of a round, milliseconds. */
  readonly durationsMs: readonly number[];
}

/** The time within which every process has been told when to start, milliseconds. */
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
