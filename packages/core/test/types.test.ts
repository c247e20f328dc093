import { expectTypeOf, test } from 'vitest';
import {
  AuthError,
  type AuthErrorByCode,
  type AuthErrorCode,
  type AuthEvent,
  type AuthProvider,
  type AuthSession,
  type AuthSessionOptions,
  createAuthSession,
  type EncryptionKey,
  encryptedStore,
  type FetchLike,
  findAuthError,
  type IssuedTokens,
  isAuthError,
  type KeyValue,
  keyValueStore,
  type Lease,
  leasedStore,
  type MaybePromise,
  memoryStore,
  type RefreshPolicy,
  type RefreshScheduler,
  type TokenRecord,
  type TokenSet,
  type TokenStore,
  timerScheduler,
} from '../src/index.js';

interface Extra {
  readonly guid: string;
}
declare const provider: AuthProvider<Extra>;

test('a session has the type of what its provider adds', () => {
  const open = () => createAuthSession(provider);
  expectTypeOf(open).returns.toEqualTypeOf<AuthSession<Extra>>();
  type Session = AuthSession<Extra>;
  expectTypeOf<Session['getTokens']>().returns.resolves.toEqualTypeOf<TokenSet<Extra>>();
  expectTypeOf<TokenSet<Extra>['extra']>().toEqualTypeOf<Readonly<Extra> | undefined>();
  expectTypeOf<Session['getAccessToken']>().returns.resolves.toBeString();
  expectTypeOf<Session['getHeaders']>().returns.resolves.toEqualTypeOf<Headers>();
  expectTypeOf<Session['attach']>().returns.toEqualTypeOf<MaybePromise<TokenSet<Extra>>>();
  expectTypeOf<Session['peek']>().returns.toEqualTypeOf<TokenSet<Extra> | undefined>();
  expectTypeOf<Session['status']>().returns.resolves.toExtend<{ state: string; expiresAt?: number }>();
  expectTypeOf<Session['fetch']>().toEqualTypeOf<typeof globalThis.fetch>();
  expectTypeOf<Session>().toExtend<Disposable>();
});

test('every option of a session takes undefined as well', () => {
  type Undefinable<Options> = { [Name in keyof Options]?: Options[Name] | undefined };
  expectTypeOf<Undefinable<AuthSessionOptions>>().toExtend<AuthSessionOptions>();
  expectTypeOf<AuthSessionOptions['scheduler']>().toEqualTypeOf<RefreshScheduler | null | undefined>();
  expectTypeOf<AuthSessionOptions<Extra>['initialTokens']>().toEqualTypeOf<IssuedTokens<Extra> | undefined>();
  expectTypeOf<AuthSessionOptions['refreshPolicy']>().toEqualTypeOf<RefreshPolicy | undefined>();
  expectTypeOf<typeof globalThis.fetch>().toExtend<FetchLike>();
});

test('a Map, a Storage and other stores are accepted as stores', () => {
  expectTypeOf(memoryStore).returns.toEqualTypeOf<TokenStore>();
  expectTypeOf<Map<string, string>>().toExtend<KeyValue>();
  expectTypeOf<Storage>().toExtend<KeyValue>();
  expectTypeOf(keyValueStore).returns.toEqualTypeOf<TokenStore>();
  expectTypeOf(leasedStore).parameter(0).toEqualTypeOf<TokenStore>();
  expectTypeOf(encryptedStore).parameter(1).toEqualTypeOf<{ readonly keys: readonly EncryptionKey[] }>();
  expectTypeOf<TokenRecord>().toEqualTypeOf<{
    readonly id: string;
    readonly value: string;
    readonly evictAt?: number;
  }>();
  expectTypeOf<Lease['held']>().returns.toBeBoolean();
  expectTypeOf(timerScheduler).returns.toEqualTypeOf<RefreshScheduler>();
});

test('a store may be synchronous or not', () => {
  expectTypeOf<{
    get(key: string): TokenRecord | undefined;
    compareAndSet(key: string, expectedId: string | undefined, next: TokenRecord): boolean;
  }>().toExtend<TokenStore>();
  expectTypeOf<{
    get(key: string): Promise<TokenRecord | undefined>;
    compareAndSet(key: string, expectedId: string | undefined, next: TokenRecord): Promise<boolean>;
  }>().toExtend<TokenStore>();
});

test('errors narrow by isAuthError, and events by their type', () => {
  const error: unknown = undefined;
  if (isAuthError(error)) {
    expectTypeOf(error).toExtend<AuthError>();
    if (error.code === 'login_blocked') expectTypeOf(error.blockedAt).toEqualTypeOf<number>();
    else expectTypeOf(error.blockedAt).toEqualTypeOf<number | undefined>();
  }
  expectTypeOf(findAuthError).returns.toEqualTypeOf<AuthErrorByCode | undefined>();
  expectTypeOf<AuthError['code']>().toEqualTypeOf<AuthErrorCode>();
  expectTypeOf(AuthError).toBeConstructibleWith('network', { provider: 'x', status: 500, retryAfterMs: 1 });
  expectTypeOf<Extract<AuthEvent, { type: 'refresh' }>>().toExtend<{
    tokenId: string;
    previousId: string;
    previousAgeMs: number;
    durationMs: number;
  }>();
  expectTypeOf<Extract<AuthEvent, { type: 'signed_out' }>>().not.toHaveProperty('durationMs');
});
