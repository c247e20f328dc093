export type {
  ApiAnswer,
  AuthSession,
  AuthSessionOptions,
  AuthStatus,
  GetTokenOptions,
  MaintainOptions,
  Maintenance,
  Timeouts,
} from './auth-session.js';
export { type Clock, systemClock } from './clock.js';
export { createAuthSession, verifyLogin } from './create-session.js';
export { settledWithin, withDeadline } from './deadline.js';
export {
  AuthError,
  type AuthErrorByCode,
  type AuthErrorCode,
  type AuthErrorDetails,
  type AuthPhase,
  type Delivery,
  findAuthError,
  isAuthError,
} from './errors.js';
export { type AuthEvent, type EventBody, emitEvent, storeEvents } from './events.js';
export { expectOption } from './expect-option.js';
export { type EventLog, logEvents } from './log-events.js';
export type { MaybePromise } from './maybe-promise.js';
export { parseBaseUrl } from './origins.js';
export { defaultRefreshPolicy, type RefreshPolicy } from './policy.js';
export type {
  AuthProvider,
  BodyRule,
  ExchangeContext,
  FetchLike,
  PreparedLogin,
  Transport,
  TransportResponse,
} from './provider.js';
export { randomId } from './random-id.js';
export { reasonOf, toAuthError } from './reason.js';
export { type RefreshScheduler, type RefreshTask, timerScheduler } from './scheduler/timer-scheduler.js';
export type { Lease, TokenRecord, TokenStore } from './store.js';
export {
  type ChangeFeed,
  type ChangeFeedHandlers,
  ChangeListeners,
  type Pings,
} from './stores/change-listeners.js';
export {
  type AesGcmKey,
  type EncryptedStoreOptions,
  type EncryptionKey,
  encryptedStore,
} from './stores/encrypted-store.js';
export { type KeyValue, keyValueStore } from './stores/key-value-store.js';
export { type LeaseSteps, waitForLease } from './stores/lease.js';
export { type LeasedStoreOptions, type LeaseOwner, leasedStore } from './stores/leased-store.js';
export { memoryStore } from './stores/memory-store.js';
export { type IssuedTokens, jwtLifetimeMs, type TokenSet } from './tokens.js';
