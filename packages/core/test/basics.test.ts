import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { readEnvelope, writeEnvelope } from '../src/envelope.js';
import {
  AuthError,
  type AuthErrorCode,
  type AuthProvider,
  type AuthSessionOptions,
  createAuthSession,
  defaultRefreshPolicy,
  findAuthError,
  isAuthError,
  parseBaseUrl,
  type TokenSet,
  toAuthError,
} from '../src/index.js';
import { limits } from '../src/limits.js';
import { tokenSetFrom } from '../src/tokens.js';
import { FakeServer } from './support/fake-server.js';
import { Scene } from './support/setup.js';

const hour = 3_600_000;

test('everything here runs on Node 24', () => {
  expect(process.version).toBe('v24.21.0');
});

describe('AuthError', () => {
  test('its message says who, what, and what more is known', () => {
    const error = new AuthError('invalid_credentials', {
      provider: 'joor',
      phase: 'login',
      status: 401,
      serverCode: 'invalid_grant',
      detail: 'more',
    });
    expect(error.message).toBe(
      'joor login: the server refused the credentials (HTTP 401, invalid_grant): more',
    );
    expect(error.name).toBe('AuthError');
    expect(String(new AuthError('disposed'))).toBe('AuthError: the session was disposed');
  });

  test('control characters cannot forge a line of a log, and texts are bounded', () => {
    const error = new AuthError('store_failed', {
      detail: `a\r\nERROR root\u001b[2J\u2028${'x'.repeat(1_000)}`,
    });
    for (const character of '\r\n\u001b\u2028') expect(error.message).not.toContain(character);
    expect(error.message).toContain('\\u000d\\u000aERROR');
    expect(error.message.length).toBeLessThan(400);
  });

  test('what can be tried again says so', () => {
    const retryable = (code: AuthErrorCode) => new AuthError(code).retryable;
    expect(
      ['network', 'timeout', 'rate_limited', 'store_failed', 'lock_timeout'].every((code) =>
        retryable(code as AuthErrorCode),
      ),
    ).toBe(true);
    expect(
      ['invalid_credentials', 'login_blocked', 'signed_out', 'disposed'].some((code) =>
        retryable(code as AuthErrorCode),
      ),
    ).toBe(false);
  });

  test('JSON and inspect show what is known', () => {
    const error = new AuthError('rate_limited', {
      retryAt: 5,
      blockedAt: 6,
      retryAfterMs: 7,
      delivery: 'answered',
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'AuthError',
      message: error.message,
      code: 'rate_limited',
      retryAt: 5,
      blockedAt: 6,
      retryAfterMs: 7,
      delivery: 'answered',
      retryable: true,
    });
    expect(inspect(error)).toContain('rate_limited');
  });

  test('a copy of the package recognises errors of another', () => {
    const foreign = Object.assign(new Error('x'), {
      code: 'network',
      [Symbol.for('@auth/core:AuthError')]: true,
    });
    expect(isAuthError(foreign)).toBe(true);
    expect(isAuthError(new AuthError('network'))).toBe(true);
    const trap = new Error('trap');
    Object.defineProperty(trap, Symbol.for('@auth/core:AuthError'), {
      get() {
        throw new Error('no');
      },
    });
    for (const other of [undefined, null, 'network', new Error('x'), { code: 'network' }, trap])
      expect(isAuthError(other)).toBe(false);
  });

  test('it is found behind what clients wrap around it', () => {
    const error = new AuthError('signed_out');
    const wrapped = new Error('axios', {
      cause: new AggregateError([new Error('other'), new Error('inner', { cause: error })]),
    });
    expect(findAuthError(wrapped)).toBe(error);
    expect(findAuthError(error)).toBe(error);
    const loop = new Error('loop');
    loop.cause = loop;
    const trap = {
      get cause() {
        throw new Error('no');
      },
    };
    for (const other of [loop, trap, 'text', undefined]) expect(findAuthError(other)).toBeUndefined();
  });
});

describe('toAuthError', () => {
  const where = { provider: 'fake', phase: 'login' } as const;
  const failed = (code: string) =>
    new TypeError('fetch failed', { cause: Object.assign(new Error('x'), { code }) });

  test.each([
    ['ECONNREFUSED', 'not_sent'],
    ['ENOTFOUND', 'not_sent'],
    ['EAI_AGAIN', 'not_sent'],
    ['UND_ERR_CONNECT_TIMEOUT', 'not_sent'],
    ['CERT_HAS_EXPIRED', 'not_sent'],
    ['ConnectionRefused', 'not_sent'],
    ['ECONNRESET', 'unknown'],
    ['UND_ERR_SOCKET', 'unknown'],
    ['EPIPE', 'unknown'],
  ])('%s is %s', (code, delivery) => {
    expect(toAuthError(failed(code), where)).toMatchObject({ code: 'network', delivery, detail: code });
  });

  test('happy eyeballs’ error holds the code in its list', () => {
    const error = new TypeError('fetch failed', {
      cause: new AggregateError([failed('ECONNREFUSED').cause]),
    });
    expect(toAuthError(error, where)).toMatchObject({ delivery: 'not_sent' });
  });

  test('words that are no codes are not repeated', () => {
    const error = Object.assign(new Error('x'), { name: 'pass word', code: 'pass word' });
    expect(toAuthError(error, where)).toMatchObject({ detail: 'Error' });
    expect(toAuthError('pass word', where)).toMatchObject({ detail: 'string' });
    expect(toAuthError({ code: 5 }, where)).toMatchObject({ detail: 'object' });
  });

  test('an AuthError keeps what it says and learns where it was', () => {
    const bare = new AuthError('invalid_response', { detail: 'token is missing' });
    expect(toAuthError(bare, where)).toMatchObject({
      ...where,
      code: 'invalid_response',
      detail: 'token is missing',
    });
    const complete = new AuthError('network', where);
    expect(toAuthError(complete, { provider: 'other', phase: 'refresh' })).toBe(complete);
  });
});

describe('token sets', () => {
  test('lifetimes become instants, and what is missing stays missing', () => {
    const set = tokenSetFrom(
      { accessToken: 'a', expiresInMs: 10, refreshToken: 'r', refreshExpiresInMs: 20 },
      1_000,
    );
    expect(set).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      accessToken: 'a',
      tokenType: 'Bearer',
      issuedAt: 1_000,
      expiresAt: 1_010,
      refreshToken: 'r',
      refreshExpiresAt: 1_020,
    });
    expect(Object.isFrozen(set)).toBe(true);
    expect(Object.keys(tokenSetFrom({ accessToken: 'a' }, 0)).sort()).toEqual([
      'accessToken',
      'id',
      'issuedAt',
      'tokenType',
    ]);
  });

  test('a refresh keeps what the answer left out', () => {
    const before = tokenSetFrom<object>(
      { accessToken: 'a', refreshToken: 'r', refreshExpiresInMs: 9, scope: 's', extra: { x: 1 } },
      0,
    );
    for (const refreshToken of [undefined, '', null as never]) {
      const after = tokenSetFrom({ accessToken: 'b', refreshToken }, 5, before);
      expect(after).toMatchObject({
        accessToken: 'b',
        refreshToken: 'r',
        refreshExpiresAt: 9,
        scope: 's',
        extra: { x: 1 },
      });
    }
    const rotated = tokenSetFrom({ accessToken: 'b', refreshToken: 'q' }, 5, before);
    expect(rotated.refreshToken).toBe('q');
    expect(rotated).not.toHaveProperty('refreshExpiresAt');
  });

  test.each([
    0,
    5e-324,
    '3600' as never,
    -1_586_880_441,
    Number.NaN,
    1 / 0,
    1e308,
    limits.absurdLifetimeMs + 1,
  ])('a lifetime of %d is unknown', (expiresInMs) => {
    expect(tokenSetFrom({ accessToken: 'a', expiresInMs }, 0)).not.toHaveProperty('expiresAt');
  });

  test.each([
    ['', 'missing'],
    [undefined, 'missing'],
    ['two words', 'visible ASCII'],
    ['a\r\nx-admin: 1', 'visible ASCII'],
    ['tökén', 'visible ASCII'],
    ['x'.repeat(16_385), 'too long'],
  ])('the token %j is refused without being shown', (accessToken, why) => {
    const act = () => tokenSetFrom({ accessToken: accessToken as string }, 0);
    expect(act).toThrow(why);
    if (accessToken) expect(act).not.toThrow(accessToken);
    if (accessToken)
      expect(() => tokenSetFrom({ accessToken: 'a', refreshToken: accessToken }, 0)).toThrow('refresh token');
  });
});

describe('the refresh policy', () => {
  const set = (lifetimeMs?: number): TokenSet =>
    tokenSetFrom({ accessToken: 'a', expiresInMs: lifetimeMs }, 1_000);

  test('three quarters of the life and up to a tenth more, and 30 s before its end at the latest', () => {
    expect(defaultRefreshPolicy(set(hour), () => 0)).toEqual({
      advisoryAt: 1_000 + 0.75 * hour,
      mandatoryAt: 1_000 + hour - 30_000,
    });
    expect(defaultRefreshPolicy(set(hour), () => 1)).toMatchObject({ advisoryAt: 1_000 + 0.85 * hour });
  });

  test('the margin scales with a short life', { tags: ['fault-35'] }, () => {
    const { advisoryAt, mandatoryAt } = defaultRefreshPolicy(set(1_000), () => 1);
    expect([advisoryAt, mandatoryAt]).toEqual([1_850, 1_900]);
  });

  test('an unknown life ends never', () => {
    const never = Number.POSITIVE_INFINITY;
    expect(defaultRefreshPolicy(set(), () => 0)).toEqual({ advisoryAt: never, mandatoryAt: never });
  });

  test('a policy of the user’s own decides, within the token’s life', async () => {
    const scene = new Scene();
    const session = scene.open({
      refreshPolicy: () => ({ advisoryAt: Number.NaN, mandatoryAt: Number.POSITIVE_INFINITY }),
    });
    await session.getTokens();
    await scene.clock.advance(hour - 1);
    expect(await session.getAccessToken()).toBe('access-1');
    await scene.clock.advance(1);
    expect(await session.getAccessToken()).toBe('access-2');
  });
});

describe('the envelope', () => {
  const guard = { failures: 0, loginsAt: [] };
  const tokens = tokenSetFrom(
    {
      accessToken: 'a',
      expiresInMs: 10,
      refreshToken: 'r',
      refreshExpiresInMs: 20,
      scope: 's',
      extra: { x: 1 },
    },
    0,
  );
  const roundTrip = (value: object) => readEnvelope(JSON.stringify({ v: 1, ...value }));

  test('it comes back as it was written', () => {
    const envelope = {
      tokens,
      signedOutAt: 5,
      guard: { failures: 2, loginsAt: [1, 2], notBefore: 9, latch: { salt: 's', hash: 'h', at: 3 } },
    };
    expect(readEnvelope(writeEnvelope(envelope).value)).toEqual(envelope);
  });

  test('each write has an id of its own', () => {
    expect(writeEnvelope({ guard }).id).not.toBe(writeEnvelope({ guard }).id);
  });

  test.each<[string, object, number | undefined]>([
    ['the later of token and refresh expiry', { tokens, guard }, 20],
    [
      'the token’s where there is no refresh token',
      { tokens: tokenSetFrom({ accessToken: 'a', expiresInMs: 10 }, 0), guard },
      10,
    ],
    [
      'never while the refresh lifetime is unknown',
      { tokens: tokenSetFrom({ accessToken: 'a', expiresInMs: 1, refreshToken: 'r' }, 0), guard },
      undefined,
    ],
    ['never while the token’s is', { tokens: tokenSetFrom({ accessToken: 'a' }, 0), guard }, undefined],
    [
      'never while a latch stands',
      { tokens, guard: { ...guard, latch: { salt: 's', hash: 'h', at: 3 } } },
      undefined,
    ],
    ['never after a sign-out', { signedOutAt: 5, guard }, undefined],
    [
      'not before the last login is an hour old',
      { tokens, guard: { ...guard, loginsAt: [7] } },
      7 + limits.loginWindowMs,
    ],
    ['not before a pause is over', { guard: { ...guard, notBefore: 99 } }, 99],
    ['never where nothing is known', { guard }, undefined],
  ])('it may be evicted: %s', (_, envelope, evictAt) => {
    expect(writeEnvelope(envelope as never).evictAt).toBe(evictAt);
  });

  test.each<[string, object]>([
    ['no guard', {}],
    ['tokens without an id', { guard, tokens: { ...tokens, id: undefined } }],
    ['a token that no header can carry', { guard, tokens: { ...tokens, accessToken: 'a\nb' } }],
    ['a refresh token of that kind', { guard, tokens: { ...tokens, refreshToken: 'a\nb' } }],
    ['no instant of issue', { guard, tokens: { ...tokens, issuedAt: 'now' } }],
    ['tokens that are a list', { guard, tokens: [] }],
    ['failures that are no count', { guard: { failures: 0.5, loginsAt: [] } }],
    ['logins that are no instants', { guard: { failures: 0, loginsAt: ['x'] } }],
    ['logins that are no list', { guard: { failures: 0, loginsAt: 7 } }],
    ['a latch without a hash', { guard: { ...guard, latch: { salt: 's', at: 1 } } }],
    ['a latch that is a text', { guard: { ...guard, latch: 'x' } }],
  ])('%s is not ours', (_, value) => {
    expect(roundTrip(value)).toBeUndefined();
  });

  test('optional parts of a wrong type are left out', () => {
    const odd = { ...tokens, tokenType: 1, expiresAt: 'x', refreshExpiresAt: null, scope: 5, extra: [] };
    expect(roundTrip({ guard: { ...guard, notBefore: 'x' }, signedOutAt: 'x', tokens: odd })).toEqual({
      guard,
      tokens: { id: tokens.id, accessToken: 'a', tokenType: 'Bearer', issuedAt: 0, refreshToken: 'r' },
    });
  });

  test('__proto__ in a record is inert', { tags: ['fault-49'] }, () => {
    const value = `{"v":1,"__proto__":{"polluted":1},"guard":{"failures":0,"loginsAt":[],"__proto__":{"polluted":1}}}`;
    expect(readEnvelope(value)).toEqual({ guard });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('options', () => {
  const provider = new FakeServer().provider();

  test.each<[string, AuthSessionOptions | object]>([
    ['store', { store: {} }],
    ['store', { store: new Map() }],
    ['scheduler', { scheduler: {} }],
    ['clock', { clock: { now: () => 0 } }],
    ['key', { key: '' }],
    ['maxLoginsPerHour', { maxLoginsPerHour: 0 }],
    ['maxLoginsPerHour', { maxLoginsPerHour: 1.5 }],
    ['waitUntil', { waitUntil: true }],
    ['refreshPolicy', { refreshPolicy: {} }],
    ['fetch', { fetch: 'x' }],
    ['random', { random: 0.5 }],
    ['onEvent', { onEvent: {} }],
    ['timeouts.callMs', { timeouts: { callMs: 0 } }],
    ['timeouts.lockMs', { timeouts: { lockMs: Number.NaN } }],
    ['timeouts', { timeouts: null }],
    ['timeouts', { timeouts: { callMS: 5 } }],
    ['allowInsecureOrigins', { allowInsecureOrigins: ['http://x/path'] }],
    ['allowInsecureOrigins', { allowInsecureOrigins: ['http://*.x'] }],
    ['allowInsecureOrigins', { allowInsecureOrigins: 'http://x' }],
    ['initialTokens', { initialTokens: { accessToken: 'a b' } }],
  ])('%s is checked at construction', (name, options) => {
    expect(() => createAuthSession(provider, options)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
    expect(() => createAuthSession(provider, options)).toThrow(`${name}: `);
  });

  test.each<[string, Partial<Record<keyof AuthProvider, unknown>>]>([
    ['provider.name', { name: '' }],
    ['provider.account', { account: 5 }],
    ['allowedOrigins', { allowedOrigins: 'https://x.example' }],
    ['allowedOrigins', { allowedOrigins: ['https://x.example/'] }],
    ['allowedOrigins', { allowedOrigins: ['ftp://x.example'] }],
    ['allowedOrigins', { allowedOrigins: ['*'] }],
    ['allowedOrigins', { allowedOrigins: ['https://*.com'] }],
    ['allowedOrigins', { allowedOrigins: [5] }],
    ['issuer of fake', { issuer: 'nowhere' }],
    ['issuer of fake', { issuer: 'https://user:secret@auth.example.com' }],
    ['issuer of fake', { issuer: 'https://auth.example.com/?secret=1' }],
    ['issuer of fake', { issuer: 'https://auth.example.com/#secret' }],
    ['issuer of fake', { issuer: 'ftp://auth.example.com' }],
  ])('a provider with a wrong %s is refused, and nothing of it shown', (name, changes) => {
    const act = () => createAuthSession({ ...provider, ...changes } as AuthProvider);
    expect(act).toThrow(`${name}: expected`);
    expect(act).not.toThrow('secret');
  });

  test('no provider at all is refused', () => {
    expect(() => createAuthSession(undefined as never)).toThrow('provider: expected');
  });

  test('an issuer on plain http is refused unless it is loopback or vouched for', () => {
    const insecure = { ...provider, issuer: 'http://auth.example.com/x' };
    expect(() => createAuthSession(insecure)).toThrow(expect.objectContaining({ code: 'insecure_url' }));
    createAuthSession(insecure, { allowInsecureOrigins: ['http://auth.example.com'] }).dispose();
    createAuthSession({ ...provider, issuer: 'http://127.0.0.1:8080' }).dispose();
  });

  test('a timeout too long for a timer is as long as a timer can be', { tags: ['fault-83'] }, async () => {
    const scene = new Scene();
    const session = scene.open({ timeouts: { callMs: 30 * 24 * hour, exchangeMs: Number.MAX_SAFE_INTEGER } });
    const delays: number[] = [];
    const { setTimeout } = scene.clock;
    scene.clock.setTimeout = (callback, delayMs) => {
      delays.push(delayMs);
      return setTimeout(callback, delayMs);
    };
    await session.getTokens();
    expect(Math.max(...delays)).toBe(2_147_483_647);
  });

  test('every option may be given as undefined', async () => {
    const session = createAuthSession(provider, {
      store: undefined,
      scheduler: undefined,
      waitUntil: undefined,
      keepAlive: undefined,
      refreshPolicy: undefined,
      initialTokens: undefined,
      fetch: undefined,
      clock: undefined,
      random: undefined,
      key: undefined,
      maxLoginsPerHour: undefined,
      timeouts: { callMs: undefined, lockMs: 5 },
      allowInsecureOrigins: undefined,
      onEvent: undefined,
    });
    expect(await session.getAccessToken()).toMatch(/^access-/);
    session.dispose();
  });

  test('parseBaseUrl names the option and not its value', () => {
    expect(parseBaseUrl('baseUrl', 'https://x.example/a').href).toBe('https://x.example/a');
    for (const wrong of [undefined, 7, 'x', 'https://u:p@x.example']) {
      expect(() => parseBaseUrl('baseUrl', wrong)).toThrow('baseUrl: expected an http(s) URL');
    }
  });
});
