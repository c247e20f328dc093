import { describe, expect, test } from 'vitest';
import { readEnvelope } from '../src/envelope.js';
import { writeEnvelope } from '../src/exchange/replace-stored.js';
import * as limits from '../src/limits.js';
import { tokenSetFrom } from '../src/tokens.js';

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

describe('reading and writing the envelope', () => {
  const roundTrip = (value: object) => readEnvelope(JSON.stringify({ v: 1, ...value }));

  test('an envelope is read back as it was written', () => {
    const envelope = {
      tokens,
      signedOutAt: 5,
      guard: { failures: 2, loginsAt: [1, 2], notBefore: 9, latch: { salt: 's', hash: 'h', at: 3 } },
    };
    expect(readEnvelope(writeEnvelope(envelope, 'id').value)).toEqual(envelope);
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
  ])('a record is unreadable with %s', (_, value) => {
    expect(roundTrip(value)).toBeUndefined();
  });

  test('optional parts of a wrong type are left out', () => {
    const odd = { ...tokens, tokenType: 1, expiresAt: 'x', refreshExpiresAt: null, scope: 5, extra: [] };
    expect(roundTrip({ guard: { ...guard, notBefore: 'x' }, signedOutAt: 'x', tokens: odd })).toEqual({
      guard,
      tokens: { id: tokens.id, accessToken: 'a', tokenType: 'Bearer', issuedAt: 0, refreshToken: 'r' },
    });
  });

  test('__proto__ in a record changes no prototype', { tags: ['fault-49'] }, () => {
    const value = `{"v":1,"__proto__":{"polluted":1},"guard":{"failures":0,"loginsAt":[],"__proto__":{"polluted":1}}}`;
    expect(readEnvelope(value)).toEqual({ guard });
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe('evictAt', () => {
  test.each<[string, object, number | undefined]>([
    ['at the later of token and refresh expiry', { tokens, guard }, 20],
    [
      'at the token’s expiry where there is no refresh token',
      { tokens: tokenSetFrom({ accessToken: 'a', expiresInMs: 10 }, 0), guard },
      10,
    ],
    [
      'never while the refresh lifetime is unknown',
      { tokens: tokenSetFrom({ accessToken: 'a', expiresInMs: 1, refreshToken: 'r' }, 0), guard },
      undefined,
    ],
    [
      'never while the token’s lifetime is unknown',
      { tokens: tokenSetFrom({ accessToken: 'a' }, 0), guard },
      undefined,
    ],
    [
      'not before thirty days after the configured secrets were refused',
      { tokens, guard: { ...guard, latch: { salt: 's', hash: 'h', at: 3 } } },
      3 + limits.latchKeptMs,
    ],
    [
      'not before a day after a typed password was refused',
      { guard: { ...guard, latch: { salt: 's', hash: 'h', at: 3, isTyped: true } } },
      3 + limits.typedLatchKeptMs,
    ],
    [
      'not before thirty days after the client was refused',
      { guard: { ...guard, client: { hash: 'h', at: 3, count: 1, retryAt: 9 } } },
      3 + limits.latchKeptMs,
    ],
    ['never after a sign-out', { signedOutAt: 5, guard }, undefined],
    [
      'not before the last login is an hour old',
      { tokens, guard: { ...guard, loginsAt: [7] } },
      7 + limits.loginWindowMs,
    ],
    ['not before a pause is over', { guard: { ...guard, notBefore: 99 } }, 99],
    ['never while it holds nothing but an empty guard', { guard }, undefined],
  ])('a store may forget the record %s', (_, envelope, evictAt) => {
    expect(writeEnvelope(envelope as never, 'id').evictAt).toBe(evictAt);
  });
});

test('members that this version does not know survive being read and written', () => {
  const stored = {
    v: 1,
    tokens: { id: 'a', accessToken: 'a', tokenType: 'Bearer', issuedAt: 1, audience: 'orders' },
    lineage: 'first',
    guard: { failures: 0, loginsAt: [], outages: { count: 2 } },
  };
  const envelope = readEnvelope(JSON.stringify(stored));
  expect(JSON.parse(writeEnvelope(envelope as NonNullable<typeof envelope>, 'id').value)).toEqual(stored);
});

test('a record with very many logins can be written', { tags: ['fault-124'] }, () => {
  const loginsAt = Array.from({ length: 200_000 }, (_, index) => index);
  const { evictAt } = writeEnvelope({ tokens, guard: { failures: 0, loginsAt } }, 'id');
  expect(evictAt).toBeGreaterThanOrEqual(199_999 + limits.loginWindowMs);
});
