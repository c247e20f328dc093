/** `test` of vitest, node:test, bun:test, or anything that takes a name and a function. */
export type TestFunction = (name: string, run: () => Promise<void>) => unknown;

/** Fails the test unless `holds`. */
export function check(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

/** Fails the test unless both are the same by value. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(actual), JSON.stringify(expected)];
  check(left === right, `${what}: expected ${right}, got ${left}`);
}
