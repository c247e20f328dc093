import { isAuthError } from '@auth/core';
import { same } from './report.ts';

/** The reason of a rejected promise. @throws Error if the promise resolves */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (reason) {
    return reason;
  }
  throw new Error(`expected a failure, got ${typeof value}`);
}

/** The code of an AuthError. */
export function codeOf(reason: unknown): string {
  return isAuthError(reason) ? reason.code : `no AuthError: ${reason}`;
}

/** Fails the check if a log of the error could show one of the secrets. */
export function holdsNoneOf(secrets: readonly string[], error: unknown): void {
  const shown = everythingIn(error);
  const leaked = secrets.filter((secret) => shown.includes(secret));
  same(leaked.length, 0, `secrets in an error with the code ${codeOf(error)}`);
}

/** Everything that a log could show of a value: its own properties, enumerable or not, and theirs in turn. */
function everythingIn(value: unknown, known: Set<unknown> = new Set()): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (known.has(value)) return '';
  known.add(value);
  const own = Reflect.ownKeys(value).map((name) => {
    return `${String(name)}: ${everythingIn(Reflect.get(value, name), known)}`;
  });
  const { toJSON } = value as { toJSON?: () => unknown };
  return [String(value), everythingIn(toJSON?.call(value), known), ...own].join('\n');
}
