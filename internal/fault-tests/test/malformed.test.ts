import { memoryStore } from '@auth/core';
import { describe, expect, test } from 'vitest';
import { hour, Scene } from './support/scene.js';
import { passwordRefresh, vendors } from './support/vendors.js';

const good = { access_token: 'a', refresh_token: 'r', expires_in: 3600 };

test('expires_in "3600" is read as a number', { tags: ['fault-40'] }, async () => {
  const scene = new Scene(passwordRefresh);
  scene.server.answerNext({ body: { ...good, expires_in: '3600' } });
  const tokens = await scene.open().getTokens();
  expect(tokens.expiresAt).toBe(tokens.issuedAt + hour);
});

test.for([
  ['missing', undefined],
  ['null', null],
  ['""', ''],
  ['"NaN"', 'NaN'],
  ['a list', [3600]],
  ['0', 0],
  ['-1586880441', -1_586_880_441],
  ['1e308', 1e308],
])(
  'expires_in %s is an unknown lifetime: neither immortal nor a loop',
  { tags: ['fault-41', 'fault-42'] },
  async ([, expires_in]) => {
    const scene = new Scene(passwordRefresh);
    scene.server.answerNext({ body: { ...good, expires_in } });
    const session = scene.open({ scheduler: undefined });
    const tokens = await session.getTokens();
    expect(tokens).not.toHaveProperty('expiresAt');
    for (let call = 0; call < 20; call++) {
      await scene.clock.advance(hour);
      expect(await session.getTokens()).toBe(tokens);
    }
    expect(scene.ledger.tokenCalls).toBe(1);
    // The token is refreshed when the API refuses it.
    const next = scene.run(
      session.tokenRejected(tokens, { status: 401, headers: new Headers(), url: 'https://api.example.com/' }),
    );
    expect(await next).not.toBe(tokens);
    session.dispose();
  },
);

const unusableAnswers = [
  ['fault-44', '200 with an error body', { body: { error: 'temporarily_unavailable' } }],
  ['fault-45', '200 without a token', { body: { token_type: 'Bearer', expires_in: 3600 } }],
  [
    'fault-46',
    'HTML with 200',
    { body: '<html>canary-body</html>', headers: { 'content-type': 'text/html' } },
  ],
  ['fault-46', '204', { status: 204 }],
  ['fault-46', 'truncated JSON', { body: '{"access_token":"canary-body' }],
  ['fault-47', 'a bare 400 from a proxy', { status: 400, body: 'canary-body' }],
  ['fault-51', 'a huge answer', { body: `{"access_token":"${'canary-body'.repeat(200_000)}"}` }],
] as const;

const unusableTokens = [
  ['fault-50', 'CR/LF', 'canary\r\nx-admin: 1'],
  ['fault-50', 'non-ASCII', 'canary-ü'],
  ['fault-51', 'a length beyond 16 KiB', `canary${'x'.repeat(16_384)}`],
] as const;

describe.each(vendors)('$name', (vendor) => {
  for (const [tag, what, answer] of unusableAnswers) {
    test(`${what} gives an error that quotes nothing, and the session is kept`, {
      tags: [tag],
    }, async () => {
      const scene = new Scene(vendor);
      const session = scene.open({ store: scene.store() });
      const before = await session.getTokens();
      await scene.expire();
      scene.server.answerNext({ ...answer, times: vendor.refreshes ? 2 : 1 });
      const error = await scene.failure(session.getTokens());
      expect(['invalid_response', 'server_unavailable']).toContain(error.code);
      expect(`${error.stack}${JSON.stringify([error, scene.events])}`).not.toContain('canary-body');
      expect(session.peek()).toBe(before);
      await scene.clock.advance(hour);
      await scene.run(session.getTokens());
      expect(scene.calls.at(-1)).toBe(vendor.refreshes ? 'refresh issued' : 'login issued');
    });
  }

  test('a 403 challenge page on login is not a wrong password, and the password is not sent again at once', {
    tags: ['fault-48'],
  }, async () => {
    const scene = new Scene(vendor);
    const session = scene.open();
    scene.server.answerNext({
      status: 403,
      body: '<html>challenge</html>',
      headers: { 'content-type': 'text/html' },
    });
    expect(await scene.failure(session.getTokens())).toMatchObject({
      code: 'server_unavailable',
      status: 403,
    });
    for (let call = 0; call < 5; call++) await scene.failure(session.getTokens());
    expect(scene.ledger.tokenCalls).toBe(1);
    expect(await session.status()).not.toHaveProperty('blockedAt');
    await scene.clock.advance(2_000);
    expect(await session.getAccessToken()).toBeTypeOf('string');
  });

  test('__proto__ in a body or as an account has no effect', { tags: ['fault-49'] }, async () => {
    const scene = new Scene(vendor);
    scene.server.answerNext({
      body: '{"__proto__":{"polluted":true},"access_token":"a","token":"a","constructor":{"prototype":{"polluted":true}}}',
    });
    scene.server.addAccount('__proto__', 'x');
    const store = memoryStore();
    const session = scene.open({ store, key: '__proto__', username: '__proto__', password: 'x' });
    expect(await session.getAccessToken()).toBe('a');
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(await scene.open({ store }).getAccessToken()).not.toBe('a');
  });

  for (const [tag, what, token] of unusableTokens) {
    test(`a token with ${what} is refused before it is saved, without being shown`, {
      tags: [tag],
    }, async () => {
      const scene = new Scene(vendor);
      const store = scene.store();
      const session = scene.open({ store, key: 'key' });
      scene.server.answerNext({ body: { access_token: token, token } });
      const error = await scene.failure(session.getTokens());
      expect(error.code).toBe('invalid_response');
      expect(`${error.stack}${JSON.stringify([error, scene.events, await store.get('key')])}`).not.toContain(
        'canary',
      );
    });
  }
});
