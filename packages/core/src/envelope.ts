import { AuthError } from './errors.js';
import { limits } from './limits.js';
import { randomId } from './random-id.js';
import type { TokenRecord } from './store.js';
import { isUsableToken, type TokenSet } from './tokens.js';

/** What a refused login leaves behind: enough to recognise the same secrets, not to find them. */
export interface Latch {
  readonly salt: string;
  readonly hash: string;
  /** Epoch milliseconds of the refusal. */
  readonly at: number;
}

/** What keeps retry loops, in this process and its successors, from locking the account. */
export interface Guard {
  readonly latch?: Latch;
  /** No token call before this instant, epoch milliseconds. */
  readonly notBefore?: number;
  /** Exchanges in a row that failed without an answer. */
  readonly failures: number;
  /** Id of the set whose refresh token was presented and whose answer was lost. */
  readonly lostId?: string;
  /** Instants of the last logins, as many as `maxLoginsPerHour`. */
  readonly loginsAt: readonly number[];
}

/** All that is kept under one key, written whole. */
export interface Envelope {
  readonly tokens?: TokenSet;
  readonly signedOutAt?: number;
  readonly guard: Guard;
}

/** An envelope and the record it was read from. */
export interface Stored {
  /** Undefined: there is no record. */
  readonly recordId: string | undefined;
  readonly envelope: Envelope;
}

export const emptyGuard: Guard = { failures: 0, loginsAt: [] };

/** The record for an envelope, with an id of its own. */
export function writeEnvelope(envelope: Envelope): TokenRecord {
  const value = JSON.stringify({ v: 1, ...envelope });
  const evictAt = evictionOf(envelope);
  return { id: randomId(), value, ...(evictAt === undefined ? {} : { evictAt }) };
}

/**
 * Undefined for what this library did not write, or a torn record.
 *
 * @throws AuthError `store_failed` for a record of a later version, which must not be overwritten
 */
export function readEnvelope(value: string): Envelope | undefined {
  const parsed = parseJson(value);
  if (!isObject(parsed)) return undefined;
  const version = parsed['v'];
  if (typeof version === 'number' && version > 1) {
    throw new AuthError('store_failed', {
      detail: 'the stored record is of a later version of this library',
    });
  }
  const tokens = parsed['tokens'] === undefined ? undefined : readTokens(parsed['tokens']);
  const guard = readGuard(parsed['guard']);
  if (version !== 1 || guard === undefined || (parsed['tokens'] !== undefined && tokens === undefined))
    return undefined;
  const signedOutAt = parsed['signedOutAt'];
  return {
    ...(tokens === undefined ? {} : { tokens }),
    ...(isInstant(signedOutAt) ? { signedOutAt } : {}),
    guard,
  };
}

/** A record may go when nothing in it can matter any more; a guard that would be forgotten early guards nothing. */
function evictionOf({ tokens, signedOutAt, guard }: Envelope): number | undefined {
  if (guard.latch !== undefined || signedOutAt !== undefined) return undefined;
  const ends = [...guard.loginsAt.map((at) => at + limits.loginWindowMs), guard.notBefore ?? 0];
  if (tokens !== undefined) {
    if (tokens.expiresAt === undefined) return undefined;
    if (tokens.refreshToken !== undefined && tokens.refreshExpiresAt === undefined) return undefined;
    ends.push(tokens.expiresAt, tokens.refreshExpiresAt ?? 0);
  }
  return Math.max(...ends) || undefined;
}

function readTokens(value: unknown): TokenSet | undefined {
  if (!isObject(value)) return undefined;
  const { id, accessToken, tokenType, issuedAt, expiresAt, refreshToken, refreshExpiresAt, scope, extra } =
    value;
  if (typeof id !== 'string' || !isUsableToken(accessToken) || !isInstant(issuedAt)) return undefined;
  if (refreshToken !== undefined && !isUsableToken(refreshToken)) return undefined;
  return Object.freeze({
    id,
    accessToken,
    tokenType: typeof tokenType === 'string' ? tokenType : 'Bearer',
    issuedAt,
    ...(isInstant(expiresAt) ? { expiresAt } : {}),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(isInstant(refreshExpiresAt) ? { refreshExpiresAt } : {}),
    ...(typeof scope === 'string' ? { scope } : {}),
    ...(isObject(extra) ? { extra } : {}),
  });
}

function readGuard(value: unknown): Guard | undefined {
  if (!isObject(value)) return undefined;
  const { latch, notBefore, failures, lostId, loginsAt } = value;
  if (!Number.isSafeInteger(failures) || (failures as number) < 0) return undefined;
  if (!Array.isArray(loginsAt) || !loginsAt.every(isInstant)) return undefined;
  const knownLatch = latch === undefined ? undefined : readLatch(latch);
  if (latch !== undefined && knownLatch === undefined) return undefined;
  return {
    ...(knownLatch === undefined ? {} : { latch: knownLatch }),
    ...(isInstant(notBefore) ? { notBefore } : {}),
    failures: failures as number,
    ...(typeof lostId === 'string' ? { lostId } : {}),
    loginsAt: loginsAt as number[],
  };
}

function readLatch(value: unknown): Latch | undefined {
  if (!isObject(value)) return undefined;
  const { salt, hash, at } = value;
  return typeof salt === 'string' && typeof hash === 'string' && isInstant(at)
    ? { salt, hash, at }
    : undefined;
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
