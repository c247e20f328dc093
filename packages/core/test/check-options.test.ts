import { describe, expect, test } from 'vitest';
import { type AuthProvider, type AuthSessionOptions, createAuthSession } from '../src/index.js';
import { FakeServer } from './support/fake-server.js';

const provider = new FakeServer().provider();

describe('the options of a session', () => {
  test.each<[string, AuthSessionOptions | object]>([
    ['options', null as never],
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
  ])('a wrong %s is refused at construction', (name, options) => {
    expect(() => createAuthSession(provider, options)).toThrow(
      expect.objectContaining({ code: 'invalid_options' }),
    );
    expect(() => createAuthSession(provider, options)).toThrow(`${name}: `);
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
});

describe('the provider of a session', () => {
  test.each<[string, Partial<Record<keyof AuthProvider, unknown>>]>([
    ['provider.name', { name: '' }],
    ['provider.tokenHeaders', { tokenHeaders: 'cookie' }],
    ['provider.tokenHeaders', { tokenHeaders: [''] }],
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
    ['issuer of fake', { issuer: 'https://auth.example.com/?' }],
    ['issuer of fake', { issuer: 'https://auth.example.com/#' }],
    ['issuer of fake', { issuer: 'https://auth.example.com/v1?#' }],
    ['issuer of fake', { issuer: 'https://auth.example.com:port/' }],
    ['issuer of fake', { issuer: 'https://auth.example.com:65536/' }],
  ])(
    'a provider with a wrong %s is refused, and the error shows no part of its value',
    { tags: ['fault-128'] },
    (name, changes) => {
      const act = () => createAuthSession({ ...provider, ...changes } as AuthProvider);
      expect(act).toThrow(`${name}: expected`);
      expect(act).not.toThrow('secret');
    },
  );

  test('a missing provider is refused', () => {
    expect(() => createAuthSession(undefined as never)).toThrow('provider: expected');
  });

  test('an issuer on plain http is refused unless it is on loopback or in allowInsecureOrigins', () => {
    const insecure = { ...provider, issuer: 'http://auth.example.com/x' };
    expect(() => createAuthSession(insecure)).toThrow(expect.objectContaining({ code: 'insecure_url' }));
    createAuthSession(insecure, { allowInsecureOrigins: ['http://auth.example.com'] }).dispose();
    createAuthSession({ ...provider, issuer: 'http://127.0.0.1:8080' }).dispose();
  });
});
