import type { Recorded } from './recording.ts';

/** Longer than this nothing happens: the gap is drawn short. */
const longGapMs = 1_500;
const drawnGapMs = 300;
/** Shorter acts do not fill the width. */
const leastMs = 600;

/** A gap that is drawn shorter than it was. */
export interface Gap {
  /** Where its middle is drawn, 0 to 1. */
  readonly at: number;
  readonly durationMs: number;
}

/** Where the instants of a recording are drawn, from 0 to 1. */
export interface Axis {
  readonly gaps: readonly Gap[];
  place(instant: number): number;
}

export function axisOf({ spans, callers, elapsed }: Recorded): Axis {
  const instants = [0, elapsed];
  for (const { from, to } of [...spans, ...callers]) instants.push(from, to ?? elapsed);
  const marks = [...new Set(instants)].sort((left, right) => left - right);
  const drawn = [0];
  const cuts: { readonly from: number; readonly durationMs: number }[] = [];
  for (let index = 1; index < marks.length; index++) {
    const durationMs = (marks[index] as number) - (marks[index - 1] as number);
    const isCut =
      durationMs > longGapMs && !spans.some((span) => isUnderWay(span, marks[index - 1] as number));
    const from = drawn[index - 1] as number;
    if (isCut) cuts.push({ from, durationMs });
    drawn.push(from + (isCut ? drawnGapMs : durationMs));
  }
  const width = Math.max(leastMs, drawn.at(-1) as number);
  return {
    gaps: cuts.map(({ from, durationMs }) => ({ at: (from + drawnGapMs / 2) / width, durationMs })),
    place(instant) {
      const after = marks.findIndex((mark) => mark >= instant);
      if (after <= 0) return after === 0 ? 0 : 1;
      const [from, to] = [marks[after - 1] as number, marks[after] as number];
      const [start, end] = [drawn[after - 1] as number, drawn[after] as number];
      return (start + ((instant - from) / (to - from)) * (end - start)) / width;
    },
  };
}

function isUnderWay(
  { from, to = Number.POSITIVE_INFINITY }: { from: number; to: number | undefined },
  at: number,
): boolean {
  return from <= at && to > at;
}
