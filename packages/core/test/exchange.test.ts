import { describe, expect, test } from 'vitest';
import { AuthError, toAuthError } from '../src/index.js';
import { hour } from './support/durations.js';
import { openSession } from './support/open-session.js';
import { noTimers } from './support/scene.js';

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
  ])('the system code %s means that delivery is %s', (code, delivery) => {
    expect(toAuthError(failed(code), where)).toMatchObject({ code: 'network', delivery, detail: code });
  });

  test('the system code is found in the AggregateError that happy eyeballs throws', () => {
    const error = new TypeError('fetch failed', {
      cause: new AggregateError([failed('ECONNREFUSED').cause]),
    });
    expect(toAuthError(error, where)).toMatchObject({ delivery: 'not_sent' });
  });

  test('names and codes that are not single words are not repeated', () => {
    const error = Object.assign(new Error('x'), { name: 'pass word', code: 'pass word' });
    expect(toAuthError(error, where)).toMatchObject({ detail: 'Error' });
    expect(toAuthError('pass word', where)).toMatchObject({ detail: 'string' });
    expect(toAuthError({ code: 5 }, where)).toMatchObject({ detail: 'object' });
  });

  test('an AuthError keeps its details, and gets the provider and phase where they are missing', () => {
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

describe('a call of the provider', () => {
  test('an unknown error counts as a lost answer, and its message is dropped', async () => {
    const { session, server, clock, until } = openSession({ scheduler: noTimers });
    await session.getTokens();
    await clock.advance(2 * hour);
    for (let call = 0; call < 2; call++) {
      server.next('refresh', () => {
        throw Object.assign(new RangeError('refresh-1 leaked'), { request: 'refresh-1' });
      });
    }
    const error = (await until(session.getTokens().catch((thrown: unknown) => thrown))) as Error;
    expect(error).toMatchObject({ code: 'network', delivery: 'unknown', detail: 'RangeError' });
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('refresh-1');
  });

  test('an exchange that never ends times out after exchangeMs', async () => {
    const { session, server, clock } = openSession({ scheduler: noTimers });
    server.next('login', () => new Promise(() => {}));
    const failed = expect(session.getTokens()).rejects.toMatchObject({
      code: 'timeout',
      delivery: 'unknown',
    });
    await clock.advance(10_000);
    await failed;
    await clock.advance(1_000);
    expect(await session.getAccessToken()).toBe('access-1');
  });
});
