import type { TestFunction } from '@auth/testing/conformance';

/** The result of one group of checks. */
export interface GroupReport {
  readonly count: number;
  /** A line for each check that failed. */
  readonly failures: readonly string[];
}

/** The results of a runtime. */
export interface Report {
  /** As the runtime reports it; undefined if it does not. */
  readonly version?: string | undefined;
  readonly groups: Readonly<Record<string, GroupReport>>;
}

const patienceMs = 20_000;

/** Runs the checks that `register` names, one after the other: a test runner for runtimes that have none. */
export async function runGroup(register: (test: TestFunction) => void): Promise<GroupReport> {
  const checks: { readonly name: string; readonly run: () => Promise<void> }[] = [];
  register((name, run) => checks.push({ name, run }));
  const failures: string[] = [];
  for (const { name, run } of checks) {
    const reason = await failureOf(run);
    if (reason !== undefined) failures.push(`${name}: ${reason}`);
  }
  return { count: checks.length, failures };
}

async function failureOf(run: () => Promise<void>): Promise<string | undefined> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done after ${patienceMs} ms`)), patienceMs);
  try {
    await Promise.race([run(), promise]);
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails the check unless both are the same by value. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (left !== right) throw new Error(`${what}: expected ${right}, got ${left}`);
}
