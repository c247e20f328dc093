import { AuthError, type IssuedTokens, jwtLifetimeMs } from '@auth/core';
import type { Answer } from './token-request.js';

/** How an answer says when its token ends: a lifetime in one of three units, or an instant. */
export type Expiry = 'seconds' | 'minutes' | 'milliseconds' | 'date' | 'epoch seconds' | 'epoch milliseconds';

/**
 * Where an answer in a server's own JSON has its tokens. A path is names joined by dots, such as `data.session.token`;
 * the empty path is the answer itself, for servers that answer with one JSON string.
 */
export interface TokenPaths {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Where the end of the access token is, and what is written there. Absent, or not so: the token's own, if it is a JWT. */
  readonly expires?: readonly [path: string, as: Expiry];
}

/**
 * Reads tokens from a server's own JSON; a missing access token is `invalid_response`. Instants count from the answer's
 * own Date header, since our clock may differ from the server's.
 */
export function tokensAt(paths: TokenPaths): (answer: Answer) => IssuedTokens {
  return ({ body, headers }) => {
    const accessToken = textAt(body, paths.accessToken);
    if (accessToken === undefined) {
      const detail = `missing or wrong: ${paths.accessToken || 'the body'}`;
      throw new AuthError('invalid_response', { delivery: 'unknown', detail });
    }
    const [path, as] = paths.expires ?? [];
    const named =
      path === undefined || as === undefined ? undefined : lifeMs(valueAt(body, path), as, headers);
    return {
      accessToken,
      expiresInMs: named ?? jwtLifetimeMs(accessToken),
      refreshToken: paths.refreshToken === undefined ? undefined : textAt(body, paths.refreshToken),
    };
  };
}

function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function textAt(body: unknown, path: string): string | undefined {
  const value = valueAt(body, path);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

const unitsMs = { milliseconds: 1, seconds: 1_000, minutes: 60_000 };

/** Undefined where nothing usable stands there: an unknown lifetime is better than a wrong one. */
function lifeMs(value: unknown, as: Expiry, headers: Headers): number | undefined {
  if (as === 'date') return typeof value === 'string' ? untilMs(value, headers) : undefined;
  const count = numberIn(value);
  if (count === undefined) return undefined;
  if (as === 'epoch seconds') return untilMs(count * 1_000, headers);
  if (as === 'epoch milliseconds') return untilMs(count, headers);
  const life = count * unitsMs[as];
  return life > 0 && Number.isFinite(life) ? life : undefined;
}

/** A number, also in digits; undefined for anything else. */
export function numberIn(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/**
 * Time from the answer's own Date header to an instant in it; undefined without either. A date without an offset is UTC.
 * Our clock is not used.
 */
export function untilMs(instant: string | number | undefined, headers: Headers): number | undefined {
  if (instant === undefined) return undefined;
  const hasOffset = typeof instant === 'number' || /(?:[zZ]|GMT|UTC|[+-]\d{2}:?\d{2})$/.test(instant);
  const at = typeof instant === 'number' ? instant : Date.parse(hasOffset ? instant : `${instant}Z`);
  const until = at - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(until) && until > 0 ? until : undefined;
}
