import { createAuthSession, memoryStore } from '@auth/core';
import { describe, expect, test } from 'vitest';
import { defineProvider, tokensAt } from '../src/index.js';

const vault = defineProvider({
  name: 'vault',
  login: ({ username, password, code }) => ({
    path: '/login',
    json: { username, password, code },
    parse: tokensAt({ accessToken: 'token' }),
  }),
});

/** A server that takes one code, and the bodies that it saw. */
function scene(right: string, otp: (() => string) | undefined) {
  const seen: string[] = [];
  const fetch = async (_: unknown, init?: RequestInit): Promise<Response> => {
    const body = new TextDecoder().decode(new Uint8Array(await new Response(init?.body).arrayBuffer()));
    seen.push(JSON.parse(body).code);
    return Response.json({ token: 'a' }, { status: JSON.parse(body).code === right ? 200 : 401 });
  };
  const store = memoryStore();
  const open = () =>
    createAuthSession(
      vault({ baseUrl: 'https://vault.example.com', username: 'ada', password: 'pw', ...(otp && { otp }) }),
      { fetch, store },
    );
  return { seen, store, open };
}

describe('one-time codes', () => {
  test('a code is asked for at each attempt, and a refused one is followed by another', async () => {
    const codes = ['000000', '111111'];
    const { seen, open } = scene('111111', () => codes.shift() as string);
    using session = open();
    expect(await session.getAccessToken()).toBe('a');
    expect(seen).toEqual(['000000', '111111']);
  });

  test.each([
    ['a connection that could not be made', 'ECONNREFUSED', 'a'],
    ['a connection that broke', 'ECONNRESET', undefined],
  ])('after %s a code is good again only if it was not sent', async (_, code, token) => {
    let isDown = true;
    const provider = vault({
      baseUrl: 'https://vault.example.com',
      username: 'ada',
      password: 'pw',
      otp: () => '111111',
    });
    const fetch = async (): Promise<Response> => {
      if (!isDown) return Response.json({ token: 'a' });
      throw new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
    };
    const login = async () => {
      const prepared = await provider.prepareLogin?.();
      return prepared?.login({ fetch, signal: new AbortController().signal });
    };
    await expect(login()).rejects.toMatchObject({ code: 'network' });
    isDown = false;
    const again = await login().catch(() => undefined);
    expect(again?.accessToken).toBe(token);
  });

  test('the same code is never sent twice', async () => {
    const { seen, open } = scene('111111', () => '000000');
    using session = open();
    const error = { code: 'credentials_unavailable', detail: expect.stringContaining('otp: ') };
    await expect(session.getTokens()).rejects.toMatchObject(error);
    expect(seen).toEqual(['000000']);
  });

  test.each([
    [
      'threw Error',
      () => {
        throw new Error('000000');
      },
    ],
    ['returned no text', () => ''],
  ])('a function that %s has cost no login', async (detail, otp) => {
    const { seen, open } = scene('111111', otp);
    using session = open();
    const refusal = session.getTokens();
    await expect(refusal).rejects.toMatchObject({ code: 'credentials_unavailable', delivery: 'not_sent' });
    await expect(refusal).rejects.toThrow(detail);
    expect(seen).toEqual([]);
  });

  test('a code is no secret of the login', async () => {
    const options = { baseUrl: 'https://vault.example.com', username: 'ada', password: 'pw' };
    const prepared = await vault({ ...options, otp: () => '000000' }).prepareLogin?.();
    expect(prepared).toMatchObject({ secrets: ['pw'], oneTimeCode: true });
    expect(await vault(options).prepareLogin?.()).not.toHaveProperty('oneTimeCode');
    for (const otp of ['000000', '', null, 0, false])
      expect(() => vault({ ...options, otp: otp as never })).toThrow('otp: expected a function');
  });
});
