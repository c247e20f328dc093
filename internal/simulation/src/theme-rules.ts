import { hourMs, type Judge, minuteMs } from './judge.ts';
import type { Call, Life } from './life.ts';
import type { Exchange } from './network.ts';
import type { Fault } from './plan.ts';

/** Some sixteen exchanges an hour, as the levels of a refusing origin have it, and the login. */
const refusingApiExchanges = 14;
/** A refused client is asked at once, and then by probes 15 minutes apart, doubling. */
const clientRefusals = 5;
/** The stored set is due from here on, at the latest: the default policy spreads refreshes up to 85 % of a life. */
const dueShare = 0.86;
/** A call with a live token waits no longer for a refresh; two slow ways to the server and back can take 6 s. */
const earlyRefreshMs = 5_000;
/** Whoever waited for a set has replayed with it by then. */
const replayMs = 500;
/** The engine remembers a refused replay for ten minutes. */
const afterRefusedReplayMs = 11 * minuteMs;
/** Logins ahead of need are this part of a life apart. */
const loginGapShare = 0.1;
/** A call whose set is at hand takes no longer: it may read the store. */
const atHandMs = 500;
/** After the first success an outage is over for every account within this time. */
const recoveryMs = 30_000;

/** The strict rules of themed runs. */
export class ThemeRules {
  readonly #judge: Judge;
  readonly #startedAt: number;
  #exchanges = 0;
  #clientRefusals = 0;
  /** The server has asked a machine with a right clock to wait. */
  #hasLimitedOthers = false;
  /** Exchanges whose sets were revoked before they were used. */
  readonly #revokedEarly: { readonly sentAt: number; readonly revokedBy: number }[] = [];
  /** When logins brought sets. */
  readonly #loggedInAt: number[] = [];
  /** Processes whose first call has ended. */
  readonly #haveCalled = new Set<Life>();
  /** When a process first reached the server again after the outage. */
  readonly #recoveredAt = new Map<Life, number>();
  /** What was stored when a process of one call started its call. */
  readonly #dueSets = new Map<Call, string>();
  /** The set whose refresh was under way when its process ended: its lease stands until others have watched it. */
  #abandonedSet: string | undefined;
  /** The set that the last process of one call found due, and left so. */
  #missedSet: string | undefined;

  constructor(judge: Judge) {
    this.#judge = judge;
    this.#startedAt = judge.around.world.now;
  }

  onEnd(life: Life, { kind, outcome, sentAt }: Exchange): void {
    if (kind === 'revoke') return;
    const { theme } = this.#judge.around.plan;
    this.#exchanges++;
    if (outcome === 'client_refused') this.#clientRefusals++;
    if (outcome === 'issued') this.onReached(life);
    if (outcome === 'issued') this.#noteRevocation(sentAt);
    if (outcome === 'limited' && life.process.wallOffsetMs === 0) this.#hasLimitedOthers = true;
    if (theme === 'lost_data') this.#onExchangeAfterLoss(life, kind, outcome);
    if (theme === 'login_ahead' && kind === 'login' && outcome === 'issued') this.#onLoginAhead();
    if (theme === 'refusing_api' && this.#isInTrouble && this.#exchanges > refusingApiExchanges)
      this.#violate(
        'an API that refuses every token costs no exchange a call',
        `${this.#exchanges} exchanges`,
      );
    if (theme === 'refused_client' && this.#clientRefusals > clientRefusals)
      this.#violate('a refused client is not asked again before its probe', `${this.#clientRefusals} times`);
  }

  /** Whatever the store loses, some process holds the newest set: nobody logs in again, and no spent token is sent. */
  #onExchangeAfterLoss({ process }: Life, kind: Exchange['kind'], outcome: Exchange['outcome']): void {
    if (outcome === 'refused')
      this.#violate('what a store has lost is written back: the newest set', process.name);
    if (kind !== 'login') return;
    this.#loggedInAt.push(this.#judge.around.world.now);
    if (this.#loggedInAt.length > 1)
      this.#violate('what a store has lost is written back', `${process.name} logs in`);
  }

  /** Whether the set of an exchange is revoked before it is used. */
  #noteRevocation(sentAt: number): void {
    const { plan, world } = this.#judge.around;
    const until = world.now + replayMs;
    for (const { kind, at } of plan.faults) {
      const revokedAt = this.#startedAt + at;
      if (kind === 'revoke_access' && revokedAt >= sentAt && revokedAt <= until)
        this.#revokedEarly.push({ sentAt, revokedBy: revokedAt });
    }
  }

  /** A process has got tokens, for whichever account. */
  onReached(life: Life): void {
    const { world } = this.#judge.around;
    const outage = this.#fault('outage');
    if (outage === undefined || world.now < this.#startedAt + outage.at + outage.forMs) return;
    if (!this.#recoveredAt.has(life)) this.#recoveredAt.set(life, world.now);
  }

  onCallStart(call: Call): void {
    if (this.#judge.around.plan.theme !== 'one_call') return;
    const { now } = this.#judge.around.world;
    const { tokens } = this.#judge.storedEnvelope;
    if (tokens?.expiresAt === undefined) return;
    const lifeMs = tokens.expiresAt - tokens.issuedAt;
    if (now > tokens.issuedAt + dueShare * lifeMs && now < tokens.expiresAt)
      this.#dueSets.set(call, tokens.id);
  }

  onCallEnd(life: Life, call: Call): void {
    const { theme } = this.#judge.around.plan;
    const { process } = life;
    const rule = this.#ruleOfSuccess(life, call);
    if (rule !== undefined && call.result !== 'ok' && !call.isToRefusingOrigin)
      this.#violate(rule, `${process.name} ends: ${call.result}`);
    if (theme === 'outage') this.#onEndInOutage(life, call);
    if (theme === 'login_ahead') this.#onEndAtHand(life, call);
    const stored = this.#judge.storedEnvelope.tokens?.id;
    if (this.#judge.around.world.now - call.startedAt >= earlyRefreshMs) this.#abandonedSet = stored;
    const dueSet = this.#wasAlone(life, call) ? this.#dueSets.get(call) : undefined;
    const isStillDue = dueSet !== undefined && dueSet === stored && dueSet !== this.#abandonedSet;
    if (!isStillDue || call.result !== 'ok') return;
    // A waiter that exits at the instant of its grant may leave its lease behind, for one of those who come next.
    if (dueSet === this.#missedSet)
      this.#violate('a process of one call refreshes a set that is due', process.name);
    this.#missedSet = dueSet;
  }

  #onLoginAhead(): void {
    const { world, plan } = this.#judge.around;
    const sinceMs = world.now - (this.#loggedInAt.at(-1) ?? Number.NEGATIVE_INFINITY);
    if (sinceMs < loginGapShare * plan.accessLifeMs)
      this.#violate('logins ahead are at least a tenth of a life apart', `${sinceMs} ms`);
    this.#loggedInAt.push(world.now);
  }

  #onEndAtHand(life: Life, { startedAt, endedAt = startedAt }: Call): void {
    // A process that adopts a set which is due waits for its renewal: it may end right after the call.
    const isFirst = !this.#haveCalled.has(life);
    this.#haveCalled.add(life);
    const [firstAt = Number.POSITIVE_INFINITY] = this.#loggedInAt;
    if (!isFirst && startedAt > firstAt && endedAt - startedAt > atHandMs)
      this.#violate(
        'a set is renewed by a login before it ends',
        `${life.process.name}: ${endedAt - startedAt} ms`,
      );
  }

  /** No other process made a call meanwhile. */
  #wasAlone(life: Life, { startedAt }: Call): boolean {
    return [...this.#judge.lives.values()].every((other) => {
      const { lastCall } = other;
      const isOver = lastCall?.endedAt !== undefined && lastCall.endedAt < startedAt;
      return other === life || lastCall === undefined || isOver;
    });
  }

  /** The rule by which a call must have succeeded; undefined: it may fail. */
  #ruleOfSuccess(life: Life, call: Call): string | undefined {
    const { plan } = this.#judge.around;
    const since = call.startedAt - this.#startedAt;
    const from = (instant: number, rule: string): string | undefined => (since > instant ? rule : undefined);
    switch (plan.theme) {
      case 'revocations':
        if (this.#isReplayRevoked(call)) return undefined;
        return 'a revoked token costs its caller a replay, and no 401';
      case 'ends':
        if (this.#isReplayRevoked(call)) return undefined;
        return 'a call that began before its session ended ends as it would have';
      case 'broken_refresh':
        return from(
          30_000 + plan.accessLifeMs + 3 * minuteMs,
          'logins stand in for a broken refresh endpoint',
        );
      case 'refused_client': {
        const { at = 0, oursAfterMs = 0 } = this.#fault('rotate_client') ?? {};
        return from(at + oursAfterMs + 2 * minuteMs, 'a client with its new secret goes on as before');
      }
      case 'clock_ahead':
        if (this.#hasLimitedOthers) return undefined;
        // By then every process has started anew, with a right clock.
        return from(8 * minuteMs, 'the dates of a clock far ahead hold nobody up');
      case 'outage': {
        const recoveredAt = this.#recoveredAt.get(life) ?? Number.POSITIVE_INFINITY;
        return from(recoveredAt - this.#startedAt + recoveryMs, 'an outage ends for every account');
      }
      default:
        return undefined;
    }
  }

  #onEndInOutage({ process }: Life, { startedAt, endedAt }: Call): void {
    const { at = 0, forMs = 0, failMs = 0 } = this.#fault('outage') ?? {};
    const since = startedAt - this.#startedAt - at;
    const tookMs = (endedAt ?? startedAt) - startedAt;
    // The vault may take three seconds, too.
    if (since > 0 && since < forMs - failMs && tookMs > 1.2 * failMs + 4_000)
      this.#violate(
        'in an outage a caller fails as soon as one exchange has',
        `${process.name}: ${tookMs} ms`,
      );
  }

  /** The set that an exchange brought was revoked before its replay: for some seconds refusals are ignored then. */
  #isReplayRevoked({ startedAt, endedAt = startedAt }: Call): boolean {
    return this.#revokedEarly.some(
      ({ sentAt, revokedBy }) => sentAt <= endedAt && startedAt <= revokedBy + afterRefusedReplayMs,
    );
  }

  get #isInTrouble(): boolean {
    const { plan, world } = this.#judge.around;
    return world.now < this.#startedAt + Math.min(plan.troubleMs, hourMs);
  }

  #fault<Kind extends Fault['kind']>(kind: Kind): (Fault & { readonly kind: Kind }) | undefined {
    return this.#judge.around.plan.faults.find(
      (fault): fault is Fault & { readonly kind: Kind } => fault.kind === kind,
    );
  }

  #violate(rule: string, detail: string): void {
    this.#judge.violate(rule, detail);
  }
}
