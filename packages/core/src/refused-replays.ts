import { doubling } from './cool-down.js';
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

/** What is stored beside the set, for those who adopt it: the level of each refusing origin. Undefined: none. */
export function levelsOf(
  known: readonly RefusingOrigin[],
  now: number,
): Readonly<Record<string, number>> | undefined {
  const entries = recent(known, now).map(({ origin, level }) => [origin, level] as const);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/**
 * What was stored beside a set of this age, soon after the set: it is forgotten as if it had been refused here then. Anything
 * else than levels is left out.
 */
export function refusalsFrom(
  levels: Readonly<Record<string, unknown>> | undefined,
  setAgeMs: number,
  now: number,
): readonly RefusingOrigin[] {
  if (levels === undefined) return noRefusals;
  const at = now - Math.max(0, setAgeMs);
  const stored = Object.entries(levels)
    .filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1]) && (entry[1] as number) > 0)
    .slice(0, limits.refusingOrigins)
    .map(([origin, level]) => ({ origin, level, setId: undefined, at }));
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
