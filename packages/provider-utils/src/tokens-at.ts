import { AuthError, type IssuedTokens, jwtLifetimeMs } from '@auth/core';
import { cookiesIn } from './cookies.js';
import type { Answer } from './token-request.js';

/** How an answer says when its token ends: a lifetime in one of three units, or an instant. */
export type Expiry = 'seconds' | 'minutes' | 'milliseconds' | 'date' | 'epoch seconds' | 'epoch milliseconds';

/**
 * Where a text stands in an answer: in its JSON, at names joined by dots, such as `data.session.token` (the empty path is
 * the answer itself, for servers that answer with one JSON string); in a header; or in what the answer sets as cookies, of
 * which {@link setCookies} takes all.
 */
export type TextAt =
  | string
  | readonly ['header', name: string]
  | readonly ['cookie', name: string]
  | readonly ['cookies'];

/** Where an answer has its tokens. */
export interface TokenPaths<Name extends string = string> {
  readonly accessToken: TextAt;
  readonly refreshToken?: TextAt;
  /**
   * Where the end of the access token is, and what is written there. Where it is absent or unreadable, the life is the
   * token's own, if it is a JWT.
   */
  readonly expires?: readonly [path: string, as: Expiry];
  /** How long the access token lives, by the server's documentation, where no answer says it. */
  readonly expiresInMs?: number;
  /** What else a request needs, such as the token of a CSRF header: kept as `extra` of the set. */
  readonly extra?: Readonly<Record<Name, TextAt>>;
}

/**
 * Reads tokens from a server's own answer; what is missing of the access token and of `extra` is `invalid_response`.
 * Instants count from the answer's own Date header, since our clock may differ from the server's.
 */
export function tokensAt<Name extends string = never>(
  paths: TokenPaths<Name>,
): (answer: Answer) => IssuedTokens<Record<Name, string>> {
  return (answer) => {
    const accessToken = required(answer, paths.accessToken);
    const [path, as] = paths.expires ?? [];
    const named =
      path === undefined || as === undefined
        ? undefined
        : lifeMs(valueAt(answer.body, path), as, answer.headers);
    const extra = Object.entries<TextAt>(paths.extra ?? {}).map(([name, at]) => [name, required(answer, at)]);
    return {
      accessToken,
      expiresInMs: named ?? jwtLifetimeMs(accessToken, answer.headers) ?? paths.expiresInMs,
      refreshToken: paths.refreshToken === undefined ? undefined : textAt(answer, paths.refreshToken),
      ...(extra.length === 0 ? {} : { extra: Object.fromEntries(extra) }),
    };
  };
}

function required(answer: Answer, at: TextAt): string {
  const text = textAt(answer, at);
  // No header could carry a control character.
  if (text !== undefined && !/\p{Cc}/u.test(text)) return text;
  const detail = `missing or wrong: ${typeof at === 'string' ? at || 'the body' : at.join(' ')}`;
  throw new AuthError('invalid_response', { delivery: 'unknown', detail });
}

function valueAt(body: unknown, path: string): unknown {
  let value = body;
  for (const name of path === '' ? [] : path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function textAt({ body, headers }: Answer, at: TextAt): string | undefined {
  if (typeof at === 'string') {
    const value = valueAt(body, at);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }
  const [kind, name = ''] = at;
  if (kind === 'header') return headers.get(name) || undefined;
  const set = cookiesIn(headers);
  return kind === 'cookie' ? set.get(name) : [...set].map((pair) => pair.join('=')).join(';') || undefined;
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

/** `Z`, `+02:00` after a time, or `GMT+0200 (CEST)` as JavaScript writes it. */
const offsetAtEnd =
  /(?:[zZ]|(?:GMT|UTC)(?:[+-]\d{2}:?\d{2}(?: \(.*\))?)?|:\d{2}(?:\.\d+)? ?[+-]\d{2}:?\d{2})$/;

/**
 * Time from the answer's own Date header to an instant in it; undefined without either. A date without an offset is UTC.
 * Our clock is not used.
 */
export function untilMs(instant: string | number | undefined, headers: Headers): number | undefined {
  if (instant === undefined) return undefined;
  const hasOffset = typeof instant === 'number' || offsetAtEnd.test(instant);
  const at = typeof instant === 'number' ? instant : Date.parse(hasOffset ? instant : `${instant}Z`);
  const until = at - Date.parse(headers.get('date') ?? '');
  return Number.isFinite(until) && until > 0 ? until : undefined;
}
