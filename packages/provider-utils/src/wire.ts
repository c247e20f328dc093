import { AuthError } from '@auth/core';
import * as z from 'zod/mini';
import { numberIn } from './tokens-at.js';

export { jwtLifetimeMs } from '@auth/core';
export { keycloak } from './keycloak.js';
export { callTokenEndpoint, fetchJson } from './token-endpoint.js';
export { untilMs } from './tokens-at.js';

/** A text that must be present and not empty. */
export const requiredText: z.ZodMiniType<string> = z.string().check(z.minLength(1));

/** A text that may be missing; null, "" and other types count as missing. */
export const optionalText: z.ZodMiniType<string | undefined> = z.pipe(
  z.optional(z.unknown()),
  z.transform((value) => (typeof value === 'string' && value !== '' ? value : undefined)),
);

/** Converts seconds, as a number or in digits, to milliseconds. Anything else gives undefined, not a wrong lifetime. */
export const lifetimeMs: z.ZodMiniType<number | undefined> = z.pipe(
  z.optional(z.unknown()),
  z.transform((value) => {
    const seconds = numberIn(value);
    return seconds === undefined ? undefined : seconds * 1000;
  }),
);

/**
 * Parses an answer.
 *
 * @throws AuthError `invalid_response` naming the fields that are missing or wrong, never their values
 */
export function parseShape<Shape>(schema: z.ZodMiniType<Shape>, body: unknown): Shape {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path }) => path.join('.') || 'the body').slice(0, 8);
  const detail = `missing or wrong: ${[...new Set(fields)].join(', ')}`;
  throw new AuthError('invalid_response', { delivery: 'unknown', detail });
}
