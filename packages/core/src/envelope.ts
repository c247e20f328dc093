import type { AuthStatus } from './auth-session.js';
import { AuthError } from './errors.js';
import { isUsableToken, type TokenSet } from './tokens.js';

/** What a refused login leaves behind: enough to recognise the same secrets, not to find them. */
export interface Latch {
  readonly salt: string;
  readonly hash: string;
  /** The same of other secrets that were refused before, under the same salt: processes may hold different ones. */
  readonly otherHashes?: readonly string[] | undefined;
  /** The same of typed passwords that were refused since: strangers who mistype do not push out the configured ones. */
  readonly typedHashes?: readonly string[] | undefined;
  /** Epoch milliseconds of the refusal. */
  readonly at: number;
  /** A person typed the secrets: they are not the configured ones. */
  readonly isTyped?: boolean | undefined;
  /** How often in a row these secrets were refused; absent: once. */
  readonly count?: number | undefined;
}

/** The server refused the client: not the password, and not the token. */
export interface ClientLatch {
  /** Slow hash of the client's secrets. */
  readonly hash: string;
  /** The same of other secrets that were refused before: machines of one fleet may hold different ones. */
  readonly otherHashes?: readonly string[] | undefined;
  /** Epoch milliseconds of the refusal. */
  readonly at: number;
  /** Refusals in a row. */
  readonly count: number;
  /** When the client is tried again although nothing has changed. */
  readonly retryAt: number;
}

/** A refresh endpoint that gives neither tokens nor refusals. */
export interface RefreshFails {
  /** Such answers, and the first of them. */
  readonly count: number;
  readonly since: number;
  readonly isBroken: boolean;
  /** Logins that stood in for refreshes. */
  readonly logins?: number | undefined;
}

/** What keeps retry loops, in this process and its successors, from locking the account. */
export interface Guard {
  readonly latch?: Latch | undefined;
  /** Secrets that were refused beside a one-time code: the code may have been what was wrong. */
  readonly refusedCode?: Latch | undefined;
  readonly client?: ClientLatch | undefined;
  readonly refreshFails?: RefreshFails | undefined;
  readonly lastFailure?: NonNullable<AuthStatus['lastFailure']> | undefined;
  /** No token call before this instant, epoch milliseconds. */
  readonly notBefore?: number | undefined;
  /** How long that pause was when it was written. */
  readonly pauseMs?: number | undefined;
  /** How long the failed exchange took that the pause follows. */
  readonly tookMs?: number | undefined;
  /** Other accounts of the issuer succeeded while this one failed. */
  readonly isOwnTrouble?: boolean | undefined;
  /** Exchanges in a row that ended in neither a token, nor a refusal, nor a rate limit. */
  readonly failures: number;
  /** Id of the set whose refresh token was sent and whose answer was lost. */
  readonly lostId?: string | undefined;
  /** Instants of the last logins, at most twice `maxLoginsPerHour`. */
  readonly loginsAt: readonly number[];
  /** The same for passwords that persons typed. */
  readonly typedLoginsAt?: readonly number[] | undefined;
  /** The last refusal of a typed password, epoch milliseconds. */
  readonly typedRefusalAt?: number | undefined;
}

/** All that is kept under one key, written whole. A member that is undefined is not written. */
export interface Envelope {
  readonly tokens?: TokenSet | undefined;
  readonly signedOutAt?: number | undefined;
  /** How often in a row each refusing origin of the API refused the set of an exchange. */
  readonly rejections?: Readonly<Record<string, number>> | undefined;
  /** The last of these refusals, epoch milliseconds. */
  readonly rejectedAt?: number | undefined;
  /** The origins that have refused this very set as a replacement. */
  readonly rejectedBy?: readonly string[] | undefined;
  /** Id of the set, if an exchange has brought it for a caller whose token was refused. */
  readonly replacementId?: string | undefined;
  /** The login that the set descends from, and by how many refreshes. */
  readonly lineage?: string | undefined;
  readonly generation?: number | undefined;
  /** The set was written back after the store had lost its data, epoch milliseconds. */
  readonly restoredAt?: number | undefined;
  readonly guard: Guard;
}

/** An envelope and the record it was read from. */
export interface Stored {
  /** Undefined: there is no record. */
  readonly recordId: string | undefined;
  readonly envelope: Envelope;
}

/**
 * The login that a set descends from. A set that was stored without one begins one, which is named after the set, so that all
 * processes name it alike.
 */
export function lineageOf({ lineage, tokens }: Pick<Envelope, 'lineage' | 'tokens'>): string | undefined {
  return lineage ?? tokens?.id;
}

/** Which login a set comes from: tells which of two sets of one login is the newer, where the store has lost both. */
export interface Origin {
  readonly lineage: string;
  readonly generation: number;
}

/** Whether a set is of the same login as the stored set, and newer: the store has lost what came between. */
export function isNewer(origin: Origin | undefined, stored: Envelope): boolean {
  if (origin === undefined || origin.lineage !== lineageOf(stored)) return false;
  return origin.generation > (stored.generation ?? 0);
}

type Members = Record<string, unknown>;
/** `guard` and `tokens` are checked before they are used. */
type Parsed = Members & { readonly guard: Members; readonly tokens?: Members };

export const emptyGuard: Guard = { failures: 0, loginsAt: [] };

/**
 * Undefined for what this library did not write, or a torn record. Members that this version does not know are kept,
 * and written back with the rest: two versions may share a store.
 *
 * @throws AuthError `store_failed` for a record of a later version, which must not be overwritten
 */
export function readEnvelope(value: string): Envelope | undefined {
  const parsed = parseJson(value);
  if (!isObject(parsed)) return undefined;
  const { v: version, tokens, guard, ...rest } = parsed as Parsed;
  if (typeof version === 'number' && version > 1) {
    throw new AuthError('store_failed', {
      detail: 'the record is of a later version of this library',
    });
  }
  if (version !== 1 || !isGuard(guard) || !optional(isTokenSet)(tokens)) return undefined;
  return {
    ...withValid(rest, envelopeMembers),
    tokens: tokens && tokenSetOf(tokens),
    guard: withValid(guard, guardMembers) as unknown as Guard,
  };
}

function tokenSetOf(value: Members): TokenSet {
  const members = withValid(value, tokenMembers);
  Object.freeze(members['extra']);
  return Object.freeze(
    typeof members['tokenType'] === 'string' ? members : { ...members, tokenType: 'Bearer' },
  ) as unknown as TokenSet;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isInstant: Check = (value) => typeof value === 'number' && Number.isFinite(value);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
function having(members: Readonly<Record<string, Check>>): Check {
  const checks = Object.entries(members);
  return (value) => isObject(value) && checks.every(([name, check]) => check(value[name]));
}

const refusal = { hash: isText, otherHashes: optional(listOf(isText)), at: isInstant };
const isLatch = having({ ...refusal, salt: isText, typedHashes: optional(listOf(isText)) });
const isClientLatch = having({ ...refusal, count: isInstant, retryAt: isInstant });
const isRefreshFails = having({
  count: isInstant,
  since: isInstant,
  logins: optional(isInstant),
  isBroken: (value) => typeof value === 'boolean',
});
/** What must be right, or the record is not one of ours. */
const isTokenSet = having({
  id: isText,
  accessToken: isUsableToken,
  issuedAt: isInstant,
  refreshToken: optional(isUsableToken),
});
const isGuard = having({
  failures: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  loginsAt: listOf(isInstant),
  latch: optional(isLatch),
});

/** Members that may be missing; an invalid member is left out. */
const envelopeMembers: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['signedOutAt', isInstant],
  ['rejections', isObject],
  ['rejectedAt', isInstant],
  ['rejectedBy', listOf(isText)],
  ['replacementId', isText],
  ['lineage', isText],
  ['generation', isInstant],
  ['restoredAt', isInstant],
]);
const guardMembers: ReadonlyMap<string, Check> = new Map([
  ['notBefore', isInstant],
  ['pauseMs', isInstant],
  ['tookMs', isInstant],
  ['lostId', isText],
  ['typedLoginsAt', listOf(isInstant)],
  ['typedRefusalAt', isInstant],
  ['refusedCode', isLatch],
  ['client', isClientLatch],
  ['refreshFails', isRefreshFails],
  ['lastFailure', having({ code: isText, at: isInstant })],
]);
const tokenMembers: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['tokenType', isText],
  ['expiresAt', isInstant],
  ['refreshExpiresAt', isInstant],
  ['scope', isText],
  ['extra', isObject],
]);

function withValid(value: Members, checks: ReadonlyMap<string, Check>): Members {
  // Leave out a member named `__proto__`: it is harmless here, and a trap for code that copies the members on.
  const isValid = ([name, member]: [string, unknown]): boolean =>
    name !== '__proto__' && (checks.get(name)?.(member) ?? true);
  const members = Object.entries(value);
  return members.every(isValid) ? { ...value } : Object.fromEntries(members.filter(isValid));
}

function parseJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
