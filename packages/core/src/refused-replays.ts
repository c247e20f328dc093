import type { Clock } from './clock.js';
import { doubling } from './cool-down.js';
import type { Envelope } from './envelope.js';
import * as limits from './limits.js';

/** An origin of the API that refused a replay: an exchange did not help there, so the next one waits. */
interface RefusingOrigin {
  /** Empty where only the refused token was named. */
  readonly origin: string;
  /** How many sets in a row it refused although an exchange had just brought them. */
  readonly level: number;
  /** The last of these sets: each set counts once, however many callers replay with it. */
  readonly setId: string | undefined;
  /** The last refusal, on the monotonic clock. */
  readonly at: number;
}

type Rejections = { readonly [Name in 'rejections' | 'rejectedAt' | 'rejectedBy']: Envelope[Name] };

/** The origins that refused replays. Nothing of it changes: what happens gives another one. */
export class RefusedReplays {
  /** Most accounts know of none, and share it. */
  static readonly none: RefusedReplays = new RefusedReplays([]);
  readonly #origins: readonly RefusingOrigin[];

  private constructor(origins: readonly RefusingOrigin[]) {
    this.#origins = origins;
  }

  static of(origins: readonly RefusingOrigin[]): RefusedReplays {
    return origins.length === 0
      ? RefusedReplays.none
      : new RefusedReplays(origins.slice(0, limits.refusingOrigins));
  }

  /** What was stored beside a set: it is forgotten as if it had been refused here. Anything else than levels is left out. */
  static from({ rejections, rejectedAt, rejectedBy = [], tokens }: Envelope, clock: Clock): RefusedReplays {
    if (rejections === undefined) return RefusedReplays.none;
    // An older version has stored them without their time, soon after the set.
    const refusedAt = rejectedAt ?? tokens?.issuedAt ?? 0;
    const at = clock.monotonic() - Math.max(0, clock.now() - refusedAt);
    const levels = Object.entries(rejections).filter(([, level]) => Number.isSafeInteger(level) && level > 0);
    const setIdAt = (origin: string): string | undefined =>
      rejectedBy.includes(origin) ? tokens?.id : undefined;
    const stored = levels.map(([origin, level]) => ({ origin, level, setId: setIdAt(origin), at }));
    return RefusedReplays.of(stored).#recent(clock.monotonic());
  }

  /** Whether a refusal at this origin is a reason to exchange a set of this age. */
  allowsExchange(origin: string, ageMs: number, now: number): boolean {
    const level = this.#at(origin, now)?.level ?? 0;
    return level === 0 || ageMs >= doubling(level, limits.refusedReplayMinMs, limits.refusedReplayMaxMs);
  }

  /** After any refusal: an origin that goes on refusing is not forgotten. */
  afterRefusal(origin: string, now: number): RefusedReplays {
    const known = this.#at(origin, now);
    return known === undefined ? this : this.#with({ ...known, at: now });
  }

  /** Whether this origin has refused this very set. */
  hasRefused(origin: string, setId: string): boolean {
    return this.#origins.some((each) => each.origin === origin && each.setId === setId);
  }

  afterRefusedReplay(origin: string, setId: string, now: number): RefusedReplays {
    const known = this.#at(origin, now);
    const level = known?.setId === setId ? known.level : (known?.level ?? 0) + 1;
    return this.#recent(now).#with({ origin, level, setId, at: now });
  }

  /** The same object where nothing was known against the origin. */
  afterAcceptedReplay(origin: string): RefusedReplays {
    const others = this.#origins.filter((each) => each.origin !== origin);
    return others.length === this.#origins.length ? this : RefusedReplays.of(others);
  }

  /** With what is stored beside the same set: the higher level of each origin counts. */
  withHigher(stored: RefusedReplays, now: number): RefusedReplays {
    const higher = stored.#origins.filter(({ origin, level }) => level > (this.#at(origin, now)?.level ?? 0));
    return higher.reduce((known: RefusedReplays, entry) => known.#with(entry), this);
  }

  /**
   * What is stored beside a set, for those who adopt it: the level of each refusing origin, the last refusal, and who has
   * refused this very set, which counts once for all. All three, in place of what stands there.
   */
  toRecord(clock: Clock, tokenId: string): Rejections {
    const now = clock.monotonic();
    const origins = this.#recent(now).#origins;
    if (origins.length === 0) return { rejections: undefined, rejectedAt: undefined, rejectedBy: undefined };
    const rejections = Object.fromEntries(origins.map(({ origin, level }) => [origin, level] as const));
    const lastAt = Math.max(...origins.map(({ at }) => at));
    const rejectedBy = origins.filter(({ setId }) => setId === tokenId).map(({ origin }) => origin);
    const rejectedAt = Math.round(clock.now() - (now - lastAt));
    return { rejections, rejectedAt, rejectedBy: rejectedBy.length === 0 ? undefined : rejectedBy };
  }

  #at(origin: string, now: number): RefusingOrigin | undefined {
    return this.#origins.find((each) => each.origin === origin && isRecent(each, now));
  }

  #recent(now: number): RefusedReplays {
    return RefusedReplays.of(this.#origins.filter((each) => isRecent(each, now)));
  }

  #with(entry: RefusingOrigin): RefusedReplays {
    const others = this.#origins.filter(({ origin }) => origin !== entry.origin);
    return RefusedReplays.of([entry, ...others]);
  }
}

function isRecent({ at }: RefusingOrigin, now: number): boolean {
  return now - at < limits.refusalMemoryMs;
}
