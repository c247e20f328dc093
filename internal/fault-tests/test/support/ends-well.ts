import { inspect } from 'node:util';
import { isAuthError, type TokenSet } from '@auth/core';
import { expect } from 'vitest';

/** Stands in hostile input, and must not turn up in errors or events. */
export const canary = 'canary-3f9c1';
/** Shorter than the ten seconds after which an exchange that hangs is given up. */
const patienceMs = 9_000;

/** Expects a usable token set or an AuthError, in time, and that neither the error nor `said` quotes the input. */
export async function endsWell(work: () => Promise<TokenSet>, said: readonly unknown[] = []): Promise<void> {
  const startedAt = performance.now();
  let tokens: TokenSet | undefined;
  try {
    tokens = await work();
  } catch (error) {
    if (!isAuthError(error)) throw error;
    const text = [error, ...said].map(
      (value) => `${inspect(value, { depth: 9, showHidden: true })}${JSON.stringify(value)}`,
    );
    expect(`${text.join('\n')}${error.stack}`).not.toContain(canary);
  }
  expect(performance.now() - startedAt).toBeLessThan(patienceMs);
  if (tokens === undefined) return;
  expect(tokens.accessToken).toMatch(/^[\x21-\x7e]{1,16384}$/);
  for (const instant of [tokens.expiresAt, tokens.refreshExpiresAt]) {
    expect(instant === undefined || (Number.isFinite(instant) && instant > tokens.issuedAt)).toBe(true);
  }
}
