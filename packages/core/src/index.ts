export type {
  AuthSession,
  AuthSessionOptions,
  AuthStatus,
  GetTokenOptions,
  Timeouts,
} from './auth-session.js';
export { type Clock, systemClock } from './clock.js';
export {
  type AesGcmKey,
  type EncryptedStoreOptions,
  type EncryptionKey,
  encryptedStore,
} from './encrypted-store.js';
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  type AuthPhase,
  type Delivery,
  findAuthError,
  isAuthError,
} from './errors.js';
export { type AuthEvent, type EventBody, emitEvent } from './events.js';
export { reasonOf, toAuthError } from './exchange.js';
export { type KeyValue, keyValueStore } from './key-value-store.js';
export { type LeaseSteps, waitForLease } from './lease.js';
export { type LeasedStoreOptions, type LeaseOwner, leasedStore } from './leased-store.js';
export type { MaybePromise } from './maybe-promise.js';
export { memoryStore } from './memory-store.js';
export { parseBaseUrl } from './origins.js';
export { defaultRefreshPolicy, type RefreshPolicy } from './policy.js';
export type { AuthProvider, ExchangeContext, FetchLike, PreparedLogin } from './provider.js';
export { randomId } from './random-id.js';
export { createAuthSession, verifyLogin } from './session.js';
export type { Lease, TokenRecord, TokenStore } from './store.js';
export { type RefreshScheduler, type RefreshTask, timerScheduler } from './timer-scheduler.js';
export type { IssuedTokens, TokenSet } from './tokens.js';
