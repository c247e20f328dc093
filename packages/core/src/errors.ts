import { placeIn, printable } from './printable.js';

/** Every way this library fails, as a stable word to branch on. */
export type AuthErrorCode =
  /** The server refused the username and password. No further attempt is made with them. */
  | 'invalid_credentials'
  /**
   * The server refused the client, by its id, its secret or what it may ask for: not the password, and not the token.
   * Tokens are kept. Nothing more is sent before the client's secrets change, `signIn()`, or a probe at `retryAt`.
   */
  | 'client_refused'
  /** An earlier refusal stands: nothing was sent. New credentials or `signIn()` lift it. */
  | 'login_blocked'
  /** The server refused the refresh token. Providers throw it; callers of a session never see it. */
  | 'refresh_refused'
  /** The session is over and no credentials are there to start another. */
  | 'reauthentication_required'
  /** The function that gives the password or client secret failed. */
  | 'credentials_unavailable'
  /** The server, or the login guard, asks for a pause: see `retryAt`. */
  | 'rate_limited'
  /** The server answered, but neither with a token nor with a refusal. */
  | 'server_unavailable'
  /** No connection, or a connection that broke. */
  | 'network'
  /** A deadline of the session's `timeouts` passed. */
  | 'timeout'
  /** A success without a usable token. */
  | 'invalid_response'
  /** An option is missing or wrong; the message names it. */
  | 'invalid_options'
  /** The token store threw, or holds a record that cannot be read. */
  | 'store_failed'
  /** Another holder kept the lock for longer than `timeouts.lockMs`, or the lease was lost again and again. */
  | 'lock_timeout'
  /** The engine of a fleet's queue did not answer, or refused. */
  | 'queue_unavailable'
  /** The URL is outside the provider's `allowedOrigins`. */
  | 'origin_not_allowed'
  /** Plain http to a host that is not loopback. */
  | 'insecure_url'
  /** Signed out, here or elsewhere, until `signIn()`. */
  | 'signed_out'
  /** The session was disposed. */
  | 'disposed';

/** The exchange an error belongs to. */
export type AuthPhase = 'login' | 'refresh' | 'revoke';

/**
 * What became of the request: `not_sent` (the server cannot have acted on it), `unknown` (it may have),
 * `answered` (it decided, and this is the decision).
 */
export type Delivery = 'not_sent' | 'unknown' | 'answered';

/** What an {@link AuthError} tells beyond its code. None of it may hold a secret or a body. */
export interface AuthErrorDetails {
  /** The provider's name, such as `joor`. */
  readonly provider?: string | undefined;
  /** The exchange that failed. */
  readonly phase?: AuthPhase | undefined;
  /** Origin and path of the call that failed, without query. */
  readonly url?: string | undefined;
  /** HTTP status of the answer. */
  readonly status?: number | undefined;
  /** The pause the server asked for, milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the server can have acted on the request. */
  readonly delivery?: Delivery | undefined;
  /** What the answer was; absent where there was none, or nobody looked. A page comes from a gateway rather than an API. */
  readonly answer?: 'json' | 'page' | 'other' | undefined;
  /** A word from the server that the provider knows and lists, such as LOGIN_USER_NOT_VERIFIED. */
  readonly serverCode?: string | undefined;
  /** Instant before which another try is pointless, epoch milliseconds. */
  readonly retryAt?: number | undefined;
  /** Instant of the refusal that blocks logins, epoch milliseconds. */
  readonly blockedAt?: number | undefined;
  /** The message's last clause, in our own words: what was missing, expected, or can be done. */
  readonly detail?: string | undefined;
}

const meanings: Readonly<Record<AuthErrorCode, string>> = {
  invalid_credentials: 'the server refused the credentials',
  client_refused: 'the server refused the client, not the password',
  login_blocked: 'an earlier login was refused; change the credentials or call signIn()',
  refresh_refused: 'the server refused the refresh token',
  reauthentication_required: 'there is no session, and no password to start one: call signIn({ password })',
  credentials_unavailable: 'the credentials could not be obtained',
  rate_limited: 'too many token requests for now',
  server_unavailable: 'the server gave neither a token nor a refusal',
  network: 'the connection failed',
  timeout: 'the deadline passed',
  invalid_response: 'the answer holds no usable token',
  invalid_options: 'an option is wrong',
  store_failed: 'the token store failed',
  lock_timeout: 'the lock of the token store stayed taken',
  queue_unavailable: 'the queue is unavailable',
  origin_not_allowed: 'the token must not go to this origin',
  insecure_url: 'the token must not travel over plain http',
  signed_out: 'signed out: call signIn()',
  disposed: 'the session was disposed',
};

const retryableCodes: ReadonlySet<AuthErrorCode> = new Set([
  'credentials_unavailable',
  'rate_limited',
  'server_unavailable',
  'network',
  'timeout',
  'invalid_response',
  'store_failed',
  'lock_timeout',
  'queue_unavailable',
]);

/** The details that an error carries. */
const detailNames = [
  'provider',
  'phase',
  'url',
  'status',
  'retryAfterMs',
  'delivery',
  'answer',
  'serverCode',
  'retryAt',
  'blockedAt',
  'detail',
] as const;

const brand: unique symbol = Symbol.for('@auth/core:AuthError');

/**
 * The one error class of every package here. Branch on `code`; recognise it with {@link isAuthError}, which
 * also holds when two copies of this package are installed.
 */
export class AuthError extends Error {
  /** What went wrong: stable, to branch on. */
  declare readonly code: AuthErrorCode;
  /** The provider's name, such as `joor`. */
  declare readonly provider?: string;
  /** The exchange that failed. */
  declare readonly phase?: AuthPhase;
  /** Origin and path of the call that failed. */
  declare readonly url?: string;
  /** HTTP status of the answer. */
  declare readonly status?: number;
  /** The pause the server asked for. */
  declare readonly retryAfterMs?: number;
  /** Whether the server can have acted on the request. */
  declare readonly delivery?: Delivery;
  /** What the answer was; absent where there was none, or nobody looked. */
  declare readonly answer?: 'json' | 'page' | 'other';
  /** A word from the server that the provider knows, such as LOGIN_USER_NOT_VERIFIED. */
  declare readonly serverCode?: string;
  /** Instant before which another try is pointless, epoch milliseconds. */
  declare readonly retryAt?: number;
  /** Instant of the refusal that blocks logins, epoch milliseconds. */
  declare readonly blockedAt?: number;
  /** The message's last clause: what was missing, expected, or can be done. */
  declare readonly detail?: string;

  constructor(code: AuthErrorCode, given: AuthErrorDetails = {}) {
    const details = cleaned(given);
    super(describe(code, details));
    this.code = code;
    Object.assign(this, details);
  }

  /** Whether the same call may succeed later without anybody changing anything. */
  get retryable(): boolean {
    return retryableCodes.has(this.code);
  }

  toJSON(): object {
    return { ...this, name: this.name, message: this.message, retryable: this.retryable };
  }

  static {
    Object.defineProperty(AuthError.prototype, 'name', {
      value: 'AuthError',
      configurable: true,
      writable: true,
    });
    Object.defineProperty(AuthError.prototype, brand, { value: true });
  }
}

/**
 * An {@link AuthError} that narrows by its `code`: behind `login_blocked` there is an instant.
 *
 * @example if (isAuthError(error) && error.code === 'login_blocked') console.log(new Date(error.blockedAt))
 */
export type AuthErrorByCode = {
  [Code in AuthErrorCode]: AuthError & { readonly code: Code } & FactsOf<Code>;
}[AuthErrorCode];

/** What an error with this code always has. */
type FactsOf<Code extends AuthErrorCode> = Code extends 'login_blocked'
  ? { readonly blockedAt: number }
  : unknown;

/** Whether `error` is an {@link AuthError}, from this copy of the package or another. */
export function isAuthError(error: unknown): error is AuthErrorByCode {
  try {
    return error instanceof Error && (error as { [brand]?: unknown })[brand] === true;
  } catch {
    return false;
  }
}

/** The {@link AuthError} behind an error that a client such as axios wrapped: looks through `cause` and `errors`. */
export function findAuthError(error: unknown): AuthErrorByCode | undefined {
  const queue: unknown[] = [error];
  for (let looked = 0; looked < queue.length && looked < 32; looked++) {
    const candidate = queue[looked];
    if (isAuthError(candidate)) return candidate;
    if (typeof candidate !== 'object' || candidate === null) continue;
    try {
      const { cause, errors } = candidate as { cause?: unknown; errors?: unknown };
      if (cause !== undefined) queue.push(cause);
      if (Array.isArray(errors)) queue.push(...errors.slice(0, 16));
    } catch {
      // Skip an error whose getters throw.
    }
  }
  return undefined;
}

/** The details that are there, fit for a log whoever has written them. */
function cleaned(given: AuthErrorDetails): AuthErrorDetails {
  const details = detailNames.map((name) => {
    const value = name === 'url' && given.url !== undefined ? placeIn(given.url) : given[name];
    return [name, typeof value === 'string' ? printable(value) : value];
  });
  return Object.fromEntries(details.filter(([, value]) => value !== undefined));
}

function describe(code: AuthErrorCode, details: AuthErrorDetails): string {
  const at = details.url === undefined ? undefined : `at ${details.url}`;
  const where = [details.provider, details.phase, at].filter(Boolean).join(' ');
  const facts = [details.status === undefined ? undefined : `HTTP ${details.status}`, details.serverCode];
  const known = facts.filter((fact) => fact !== undefined).join(', ');
  const text = [
    where === '' ? '' : `${where}: `,
    meanings[code],
    known === '' ? '' : ` (${known})`,
    details.detail === undefined ? '' : `: ${details.detail}`,
  ].join('');
  return printable(text);
}
