/** What a case comes to: a table, and what it was to reach. Everything in it is plain data. */
export interface CaseResult {
  readonly title: string;
  /** What is compared and how, a paragraph each. */
  readonly about: readonly string[];
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  /** The column that the chart shows; it grows to the right, and less is better unless said otherwise. */
  readonly chart?: { readonly column: string; readonly unit: string; readonly moreIsBetter?: boolean };
}

/** A contender's line: its name, and a value for each column. */
export interface Row {
  readonly name: string;
  readonly values: readonly (number | string)[];
  /** One of ours. */
  readonly isOurs?: boolean;
}

/** What was aimed at, what was measured, and whether it holds. */
export interface Target {
  readonly name: string;
  readonly target: string;
  readonly measured: string;
  readonly holds: boolean;
  /** Where it is missed by nature: what was measured of that. */
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
