import type { Clock } from './clock.js';
import { doubling } from './cool-down.js';
import type { Envelope } from './envelope.js';
import * as limits from './limits.js';

/** An origin of the API that refused a replay: an exchange did not help there, so the next one waits. */
export interface RefusingOrigin {
  /** Empty where only the refused token was named. */
  readonly origin: string;
  /** How many sets in a row it refused although an exchange had just brought them. */
  readonly level: number;
  /** The last of these sets: each set counts once, however many callers replay with it. */
  readonly setId: string | undefined;
  /** The last refusal, on the monotonic clock. */
  readonly at: number;
}

export const noRefusals: readonly RefusingOrigin[] = [];

/** Whether a refusal at this origin is a reason to exchange a set of this age. */
export function allowsExchange(
  known: readonly RefusingOrigin[],
  origin: string,
  ageMs: number,
  now: number,
): boolean {
  const level = entryOf(known, origin, now)?.level ?? 0;
  return level === 0 || ageMs >= doubling(level, limits.refusedReplayMinMs, limits.refusedReplayMaxMs);
}

/** After any refusal: an origin that goes on refusing is not forgotten. */
export function afterRefusal(
  known: readonly RefusingOrigin[],
  origin: string,
  now: number,
): readonly RefusingOrigin[] {
  const entry = entryOf(known, origin, now);
  return entry === undefined ? known : newest({ ...entry, at: now }, known);
}

export function afterRefusedReplay(
  known: readonly RefusingOrigin[],
  origin: string,
  setId: string,
  now: number,
): readonly RefusingOrigin[] {
  const entry = entryOf(known, origin, now);
  const level = entry?.setId === setId ? entry.level : (entry?.level ?? 0) + 1;
  return newest({ origin, level, setId, at: now }, recent(known, now));
}

export function afterAcceptedReplay(
  known: readonly RefusingOrigin[],
  origin: string,
): readonly RefusingOrigin[] {
  return orNone(known.filter((each) => each.origin !== origin));
}

/**
 * What is stored beside a set, for those who adopt it: the level of each refusing origin, the last refusal, and who has
 * refused this very set, which counts once for all.
 */
export function rejectionsOf(
  known: readonly RefusingOrigin[],
  clock: Clock,
  tokenId: string,
): Pick<Envelope, 'rejections' | 'rejectedAt' | 'rejectedBy'> {
  const now = clock.monotonic();
  const origins = recent(known, now);
  if (origins.length === 0) return { rejections: undefined, rejectedAt: undefined, rejectedBy: undefined };
  const rejections = Object.fromEntries(origins.map(({ origin, level }) => [origin, level] as const));
  const lastAt = Math.max(...origins.map(({ at }) => at));
  const rejectedBy = origins.filter(({ setId }) => setId === tokenId).map(({ origin }) => origin);
  const rejectedAt = Math.round(clock.now() - (now - lastAt));
  return { rejections, rejectedAt, rejectedBy: rejectedBy.length === 0 ? undefined : rejectedBy };
}

/** What was stored beside a set: it is forgotten as if it had been refused here. Anything else than levels is left out. */
export function refusalsFrom(
  { rejections, rejectedAt, rejectedBy = [], tokens }: Envelope,
  clock: Clock,
): readonly RefusingOrigin[] {
  if (rejections === undefined) return noRefusals;
  const now = clock.monotonic();
  // An older version has stored them without their time, soon after the set.
  const refusedAt = rejectedAt ?? tokens?.issuedAt ?? 0;
  const at = now - Math.max(0, clock.now() - refusedAt);
  const stored = Object.entries(rejections)
    .filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && (entry[1] as number) > 0)
    .slice(0, limits.refusingOrigins)
    .map(([origin, level]) => ({
      origin,
      level,
      setId: rejectedBy.includes(origin) ? tokens?.id : undefined,
      at,
    }));
  return recent(stored, now);
}

/** What is known here and what is stored beside the same set: the higher level of each origin counts. */
export function higherLevels(
  known: readonly RefusingOrigin[],
  stored: readonly RefusingOrigin[],
  now: number,
): readonly RefusingOrigin[] {
  const isHigher = ({ origin, level }: RefusingOrigin): boolean =>
    level > (entryOf(known, origin, now)?.level ?? 0);
  return stored.filter(isHigher).reduce((levels, entry) => newest(entry, levels), known);
}

function entryOf(known: readonly RefusingOrigin[], origin: string, now: number): RefusingOrigin | undefined {
  return recent(known, now).find((each) => each.origin === origin);
}

function recent(known: readonly RefusingOrigin[], now: number): readonly RefusingOrigin[] {
  return orNone(known.filter(({ at }) => now - at < limits.refusalMemoryMs));
}

/** Most accounts have none, and share it. */
function orNone(refusals: readonly RefusingOrigin[]): readonly RefusingOrigin[] {
  return refusals.length === 0 ? noRefusals : refusals;
}

function newest(entry: RefusingOrigin, known: readonly RefusingOrigin[]): readonly RefusingOrigin[] {
  const others = known.filter(({ origin }) => origin !== entry.origin);
  return [entry, ...others].slice(0, limits.refusingOrigins);
}
