/** The result of a case: a table and its targets, as plain data. */
export interface CaseResult {
  readonly title: string;
  /** What it means for a user, in one sentence with its numbers. */
  readonly headline?: string;
  /** What is compared and how, a paragraph each. */
  readonly about: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  /** The column that the chart shows; less is better unless `moreIsBetter`. */
  readonly chart?: { readonly column: string; readonly unit: string; readonly moreIsBetter?: boolean };
}

/** A contender's line: its name, and a value for each column. */
export interface Row {
  readonly name: string;
  readonly values: readonly (number | string)[];
  /** Whether the contender is ours. */
  readonly isOurs?: boolean;
}

/** A target, what was measured, and whether the target holds. */
export interface Target {
  readonly name: string;
  readonly target: string;
  readonly measured: string;
  readonly holds: boolean;
  /** For a target that cannot be reached: the measured reason. */
  readonly limit?: string;
}

/** A target that a number must not exceed. */
export function atMost(name: string, measured: number, limit: number, unit: string, digits = 2): Target {
  return {
    name,
    target: `≤ ${limit}${unit}`,
    measured: `${round(measured, digits)}${unit}`,
    holds: measured <= limit,
  };
}

/** A target that a number must reach. */
export function atLeast(name: string, measured: number, limit: number, unit: string, digits = 2): Target {
  return {
    name,
    target: `≥ ${limit}${unit}`,
    measured: `${round(measured, digits)}${unit}`,
    holds: measured >= limit,
  };
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}
