import type { KeeperEvent } from '@auth/fleet';
import { type Judge, minuteMs } from './judge.ts';
import { key, type Life } from './life.ts';
import type { Exchange } from './network.ts';

/** A set is not due before this part of its life is over: a little less, since answers take different times. */
const earliestShare = 0.74;
/** A run that finds the lease with another worker comes again after so long. */
const leaseElsewhereMs = 5_000;
/** Nothing that befalls a fleet needs more runs of an account in a minute. */
const mostRunsAMinute = 20;

/** Rules on a fleet at work. Where workers also crash and freeze, only some of them hold. */
export class WorkerRules {
  readonly #judge: Judge;
  #logins = 0;
  #renewedAt = Number.NEGATIVE_INFINITY;
  readonly #runsAt: number[] = [];

  constructor(judge: Judge) {
    this.#judge = judge;
  }

  onEnd({ process }: Life, { kind, outcome }: Exchange): void {
    const { world, plan } = this.#judge.around;
    if (kind === 'revoke' || outcome !== 'issued') return;
    const ageMs = world.now - this.#renewedAt;
    this.#renewedAt = world.now;
    if (this.#isCalm && ageMs < earliestShare * plan.accessLifeMs)
      this.#violate('runs that come twice or late renew a set once', `${process.name} after ${ageMs} ms`);
    if (kind === 'login' && ++this.#logins > 1 && this.#isCalm)
      this.#violate('a fleet logs in once', process.name);
  }

  onCallStart(): void {
    const { world, plan, queue } = this.#judge.around;
    const { expiresAt = 0 } = this.#judge.storedEnvelope.tokens ?? {};
    if (expiresAt <= world.now && queue.isInTime(key, world.now - plan.accessLifeMs))
      this.#violate('runs in time keep an account fresh', `${world.now - expiresAt} ms too late`);
  }

  onRun({ process }: Life, event: KeeperEvent): void {
    const { name } = process;
    if (event.type === 'needs_person' || event.type === 'account_unknown')
      this.#violate('a job ends only where somebody must act', `${name}: ${event.type}`);
    if (event.type === 'run_failed' && this.#isCalm)
      this.#violate('a run fails only where the store does', `${name}: ${event.reason}`);
    if (event.type !== 'ran' || event.nextAt === undefined) return;
    const { now } = this.#judge.around.world;
    const { expiresAt = Number.POSITIVE_INFINITY } = this.#judge.storedEnvelope.tokens ?? {};
    this.#runsAt.push(now);
    if ((this.#runsAt.at(-mostRunsAMinute) ?? 0) > now - minuteMs)
      this.#violate('runs do not come back at once', name);
    const latestAt = Math.max(expiresAt, now) + leaseElsewhereMs;
    if (event.state === 'signed_in' && event.nextAt > latestAt)
      this.#violate('a run comes again before the set ends', `${name}: ${event.nextAt - expiresAt} ms later`);
  }

  get #isCalm(): boolean {
    return this.#judge.around.plan.faults.length === 0;
  }

  #violate(rule: string, detail: string): void {
    this.#judge.violate(rule, detail);
  }
}
