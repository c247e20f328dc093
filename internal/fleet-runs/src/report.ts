import type { FleetReport } from './messages.ts';

/** Of a process that has done nothing. */
export const nothing: FleetReport = {
  runs: 0,
  failed: 0,
  lateMs: [],
  sweeps: 0,
  sentBySecond: {},
  calls: 0,
  waitsMs: [],
  errors: {},
  cpuMs: 0,
  peakMiB: 0,
};

/** Of two processes together. */
export function sum(left: FleetReport, right: FleetReport): FleetReport {
  return {
    runs: left.runs + right.runs,
    failed: left.failed + right.failed,
    lateMs: [...left.lateMs, ...right.lateMs],
    sweeps: left.sweeps + right.sweeps,
    sentBySecond: merged(left.sentBySecond, right.sentBySecond),
    calls: left.calls + right.calls,
    waitsMs: [...left.waitsMs, ...right.waitsMs],
    errors: merged(left.errors, right.errors),
    cpuMs: left.cpuMs + right.cpuMs,
    peakMiB: Math.max(left.peakMiB, right.peakMiB),
  };
}

/** Adds one to what is counted under a name. */
export function count(counts: Record<string, number>, name: string | number): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function merged(left: Readonly<Record<string, number>>, right: Readonly<Record<string, number>>) {
  const counts = { ...left };
  for (const [name, value] of Object.entries(right)) counts[name] = (counts[name] ?? 0) + value;
  return counts;
}
