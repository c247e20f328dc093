import { AuthError } from './errors.js';
import * as limits from './limits.js';
import { randomId } from './random-id.js';

/** One login's or refresh's result. Instants are epoch milliseconds on the local clock. */
export interface TokenSet<Extra = Record<string, unknown>> {
  /** Random; names the set in events without revealing it. */
  readonly id: string;
  /** What goes to the API. */
  readonly accessToken: string;
  /** As the server wrote it, `Bearer` where it said nothing. */
  readonly tokenType: string;
  /** When the exchange that fetched it was sent. */
  readonly issuedAt: number;
  /** Absent: unknown lifetime, refreshed only when refused. */
  readonly expiresAt?: number;
  /** Absent: the set is renewed by a login. */
  readonly refreshToken?: string;
  /** A hint for store TTLs, never a reason not to try. */
  readonly refreshExpiresAt?: number;
  /** What the token is good for, as the server wrote it. */
  readonly scope?: string;
  /** What the provider adds. */
  readonly extra?: Readonly<Extra>;
}

/** What a provider returns: lifetimes relative to the exchange, so that no provider touches a clock. */
export interface IssuedTokens<Extra = Record<string, unknown>> {
  /** What goes to the API: visible ASCII. */
  readonly accessToken: string;
  /** As the server wrote it. Absent: `Bearer`. */
  readonly tokenType?: string | undefined;
  /**
   * Below 1 ms (zero and negative too), not a number or above ten years: unknown. Absent: the lifetime that the access
   * token tells of itself if it is a JWT, or else unknown.
   */
  readonly expiresInMs?: number | undefined;
  /** Absent or empty after a refresh: the old one stays. */
  readonly refreshToken?: string | undefined;
  /** Absent: unknown. */
  readonly refreshExpiresInMs?: number | undefined;
  /** Absent after a refresh: as before. */
  readonly scope?: string | undefined;
  /** What the provider adds. Absent after a refresh: as before. */
  readonly extra?: Readonly<Extra> | undefined;
}

/**
 * Turns an answer into a token set, keeping from `previous` what a refresh answer left out (RFC 6749 section 6).
 *
 * @throws AuthError `invalid_response` where a token is empty, too long, or not visible ASCII (RFC 6750 section 2.1
 * allows fewer characters still); the message never holds the value.
 */
export function tokenSetFrom<Extra>(
  issued: IssuedTokens<Extra>,
  issuedAt: number,
  previous?: TokenSet<Extra>,
): TokenSet<Extra> {
  const accessToken = usableToken('access token', issued?.accessToken);
  const renewed = issued.refreshToken ? usableToken('refresh token', issued.refreshToken) : undefined;
  const expiresAt = endOf(issuedAt, issued.expiresInMs ?? jwtLifetimeMs(accessToken));
  const refreshToken = renewed ?? previous?.refreshToken;
  const refreshExpiresAt =
    endOf(issuedAt, issued.refreshExpiresInMs) ??
    (renewed === undefined ? previous?.refreshExpiresAt : undefined);
  const scope = isText(issued.scope) ? issued.scope : previous?.scope;
  const extra = issued.extra ?? previous?.extra;
  return Object.freeze({
    id: randomId(),
    accessToken,
    tokenType: isText(issued.tokenType) ? issued.tokenType : 'Bearer',
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(refreshExpiresAt === undefined ? {} : { refreshExpiresAt }),
    ...(scope === undefined ? {} : { scope }),
    ...(extra === undefined ? {} : { extra: Object.freeze({ ...extra }) }),
  });
}

/**
 * The lifetime that a JWT tells of itself, `exp` less `iat` (RFC 7519 section 4.1), in milliseconds. Its signature is not
 * verified: whoever issued the token may also say how long it lives. Undefined for anything else.
 *
 * @param headers of the answer that brought it: its Date stands in for an `iat` that is absent
 */
export function jwtLifetimeMs(token: string | undefined, headers?: Headers): number | undefined {
  const payload = token?.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const base64 = payload.replaceAll('-', '+').replaceAll('_', '/');
    const dated = Date.parse(headers?.get('date') ?? '') / 1000;
    const { exp, iat = dated } = JSON.parse(atob(base64)) as Record<string, unknown>;
    return typeof exp === 'number' && typeof iat === 'number' && exp > iat ? (exp - iat) * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** How long ago the set was issued, in milliseconds; 0 if the clock was set back to before that. */
export function ageOf({ issuedAt }: TokenSet, now: number): number {
  return Math.max(0, now - issuedAt);
}

/** Whether so much of the set's life is left; an unknown life lasts, and a young set pleases any call. */
export function lastsFor({ issuedAt, expiresAt }: TokenSet, minValidMs: number, now: number): boolean {
  if (expiresAt === undefined || (now >= issuedAt && now - issuedAt < limits.youngMs)) return true;
  return expiresAt - now >= Math.min(minValidMs, (expiresAt - issuedAt) * limits.minValidShare);
}

/** The end of the refresh token, where it is known to come before that of the access token. */
export function earlyRefreshEnd({ refreshToken, refreshExpiresAt, expiresAt }: TokenSet): number | undefined {
  if (refreshToken === undefined || refreshExpiresAt === undefined || expiresAt === undefined)
    return undefined;
  return refreshExpiresAt < expiresAt ? refreshExpiresAt : undefined;
}

/** Whether a header can carry the token, and the token cannot forge another header line. */
export function isUsableToken(token: unknown): token is string {
  return typeof token === 'string' && token.length <= limits.tokenLength && /^[\x21-\x7e]+$/.test(token);
}

function usableToken(what: string, token: string): string {
  if (isUsableToken(token)) return token;
  const detail = `${what} is ${typeof token !== 'string' || token === '' ? 'missing' : 'too long or not visible ASCII'}`;
  throw new AuthError('invalid_response', { delivery: 'unknown', detail });
}

/** The end of a lifetime. Undefined, for unknown, if the lifetime is not a number, below 1 ms or above ten years. */
function endOf(start: number, lifetimeMs: unknown): number | undefined {
  if (typeof lifetimeMs !== 'number') return undefined;
  return lifetimeMs >= 1 && lifetimeMs <= limits.absurdLifetimeMs ? start + lifetimeMs : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
