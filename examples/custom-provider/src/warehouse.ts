import {
  AuthError,
  type AuthProvider,
  type AuthSession,
  type AuthSessionOptions,
  createAuthSession,
  type ExchangeContext,
  type IssuedTokens,
} from '@auth/core';

/** What the warehouse API's login takes. */
export interface WarehouseOptions {
  readonly baseUrl: string;
  readonly username: string;
  readonly password: string;
}

/** A session on an API that takes JSON at /login and /renew. */
export function createWarehouseAuth(options: WarehouseOptions & AuthSessionOptions): AuthSession {
  return createAuthSession(warehouseProvider(options), options);
}

/**
 * A provider with core alone, and no other dependency. Core supplies single-flight, storage, retries, deadlines and
 * the login guard; what is left is two requests and how to read their answers.
 */
export function warehouseProvider({ baseUrl, username, password }: WarehouseOptions): AuthProvider {
  const prepare = (text: string) => ({
    secrets: [text],
    login: (context: ExchangeContext) =>
      post('login', `${baseUrl}/login`, { user: username, password: text }, context),
  });
  return {
    name: 'warehouse',
    issuer: baseUrl,
    account: username,
    allowedOrigins: [new URL(baseUrl).origin],
    prepareLogin: () => prepare(password),
    prepareSignIn: prepare,
    refresh: ({ refreshToken }, context) =>
      post('refresh', `${baseUrl}/renew`, { renewal: refreshToken }, context),
  };
}

async function post(
  phase: 'login' | 'refresh',
  url: string,
  fields: object,
  { fetch, signal }: ExchangeContext,
): Promise<IssuedTokens> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
    redirect: 'manual',
    signal,
  });
  const { status } = response;
  const where = { provider: 'warehouse', phase, status } as const;
  if (status === 429) {
    const retryAfterMs = Number(response.headers.get('retry-after') ?? 'NaN') * 1000;
    throw new AuthError('rate_limited', { ...where, retryAfterMs, delivery: 'answered' });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  // Only the server's own JSON is a refusal; an HTML page or a proxy's 401 is not.
  if (status === 401 && typeof answer === 'object' && answer !== null && 'denied' in answer) {
    throw new AuthError(phase === 'login' ? 'invalid_credentials' : 'refresh_refused', {
      ...where,
      delivery: 'answered',
    });
  }
  if (!response.ok) throw new AuthError('server_unavailable', { ...where, delivery: 'unknown' });
  const { token, renewal, seconds } = (answer ?? {}) as Record<string, unknown>;
  if (typeof token !== 'string')
    throw new AuthError('invalid_response', { ...where, delivery: 'unknown', detail: 'token is missing' });
  return {
    accessToken: token,
    refreshToken: typeof renewal === 'string' ? renewal : undefined,
    expiresInMs: typeof seconds === 'number' ? seconds * 1000 : undefined,
  };
}
