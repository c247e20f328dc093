import type { AuthEvent } from '@auth/core';
import type { MeasuredKeeperEvent } from '../../src/index.js';

type EventOf<Type> = Extract<AuthEvent, { readonly type: Type }>;

const source = { at: Date.UTC(2026, 0, 1, 0, 5), key: '["example","ada@example.com"]', provider: 'example' };

/** One event of each type, each about the set that the first brought. */
export const eventsOfEachType: { readonly [Type in AuthEvent['type']]: EventOf<Type> } = {
  login: { ...source, type: 'login', tokenId: 'a', durationMs: 120 },
  refresh: {
    ...source,
    type: 'refresh',
    tokenId: 'b',
    previousId: 'a',
    previousAgeMs: 3_000_000,
    durationMs: 80,
  },
  adopted: { ...source, type: 'adopted', tokenId: 'c', previousId: 'b' },
  token_rejected: {
    ...source,
    type: 'token_rejected',
    tokenId: 'c',
    ageMs: 600_000,
    status: 401,
    ignored: false,
  },
  exchange_failed: {
    ...source,
    type: 'exchange_failed',
    phase: 'login',
    code: 'invalid_credentials',
    status: 403,
    delivery: 'answered',
    serverCode: 'LOGIN_USER_NOT_VERIFIED',
    durationMs: 40,
    resend: false,
  },
  background_failed: { ...source, type: 'background_failed', code: 'timeout', retryAt: source.at + 1000 },
  store_failed: { ...source, type: 'store_failed', operation: 'get', reason: 'ECONNREFUSED' },
  data_lost: { ...source, type: 'data_lost' },
  store_recovered: { ...source, type: 'store_recovered', tokenId: 'a' },
  record_unreadable: { ...source, type: 'record_unreadable' },
  record_set_aside: { ...source, type: 'record_set_aside', place: '/home/ada/tokens.unreadable' },
  store_degraded: { ...source, type: 'store_degraded', keptIn: 'memory', reason: 'QuotaExceededError' },
  login_ahead_off: { ...source, type: 'login_ahead_off', lifeMs: 300_000, neededMs: 481_334 },
  lease_lost: { ...source, type: 'lease_lost' },
  login_blocked: { ...source, type: 'login_blocked', blockedAt: source.at },
  signed_out: { ...source, type: 'signed_out' },
};

/** The same, and a refresh that is sent once more: all that makes a metric. */
export const eventsOfEachKind: readonly AuthEvent[] = [
  ...Object.values(eventsOfEachType),
  { ...eventsOfEachType.exchange_failed, phase: 'refresh', code: 'network', resend: true },
];

/** Events of a keeper that make each metric. */
export const keeperEvents: readonly MeasuredKeeperEvent[] = [
  { type: 'ran', ref: '4711', state: 'signed_in', lateMs: 12 },
  { type: 'needs_person', ref: '4712', state: 'login_blocked', lateMs: 7 },
  { type: 'account_unknown', ref: '4713', lateMs: 0 },
  { type: 'swept', states: { signed_in: 2, login_blocked: 1 }, lateMs: 0 },
  { type: 'run_failed', ref: '4714', reason: 'ECONNREFUSED' },
  { type: 'queue_failed', reason: 'ECONNRESET' },
  { type: 'rate_per_process' },
];
