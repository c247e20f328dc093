import { UsageError } from './failures.js';

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** `90s`, `15m`, `2h`, in milliseconds. @throws UsageError */
export function parseDuration(text: string): number {
  const [, count, unit = ''] = /^(\d+)([smh])$/.exec(text) ?? [];
  const factor = units[unit];
  if (count === undefined || factor === undefined)
    throw new UsageError(`${text}: expected a time such as 90s, 15m or 2h`);
  return Number(count) * factor;
}

/** A time as people read it: `2 h 5 min`, `40 s`. */
export function spoken(durationMs: number): string {
  const seconds = Math.max(0, Math.round(durationMs / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min` : `${seconds} s`;
}
