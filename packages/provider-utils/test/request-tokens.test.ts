import type { ExchangeContext } from '@auth/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { callVendor, preload } from '../src/index.js';

const host = 'https://auth.example.com';

/** A transport that keeps the URLs it was given and always gives the same answer. */
function answering(status: number, body: unknown): ExchangeContext & { readonly sent: string[] } {
  const sent: string[] = [];
  const fetch = async (input: unknown): Promise<Response> => {
    sent.push(String(input));
    return Response.json(body, { status });
  };
  return { sent, fetch, signal: new AbortController().signal };
}

const readTokens = (url: string) => ({ url, parse: ({ body }: { body: unknown }) => body });

function vendor<Calls>(loadCalls: () => Promise<Calls>) {
  return { name: 'acme', loadCalls };
}

/** What nobody has handled. */
const unhandled: unknown[] = [];
const keep = (reason: unknown): void => void unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on('unhandledRejection', keep);
});
afterEach(() => void process.off('unhandledRejection', keep));

/** Node reports a rejection as unhandled once the microtasks are done. */
const untilReported = () => new Promise((resolve) => setTimeout(resolve, 20));

const notLoaded = { code: 'network', delivery: 'not_sent', detail: 'Error' };

describe('the calls of a provider', () => {
  test.each([
    ['login', 'invalid_credentials'],
    ['refresh', 'refresh_refused'],
  ] as const)('a refused %s is %s, under the name of the provider', async (phase, code) => {
    const server = vendor(async () => ({ path: '/token' }));
    const context = answering(401, {});
    const refused = callVendor(server, phase, context, ({ path }) => readTokens(`${host}${path}`));
    await expect(refused).rejects.toMatchObject({ code, phase, provider: 'acme', status: 401 });
    expect(context.sent).toEqual([`${host}/token`]);
  });

  test.each(['login', 'refresh'] as const)(
    'a %s gives what its description makes of the answer',
    async (phase) => {
      const server = vendor(async () => ({ field: 'token' }));
      const issued = callVendor(server, phase, answering(200, { token: 't' }), ({ field }) => ({
        url: `${host}/token`,
        parse: ({ body }) => ({ accessToken: (body as Record<string, string>)[field] }),
      }));
      expect(await issued).toEqual({ accessToken: 't' });
    },
  );

  test('a description cannot take the place of the provider’s name or of the phase', async () => {
    const server = vendor(async () => ({}));
    const call = { ...readTokens(`${host}/token`), provider: 'other', phase: 'refresh' };
    await expect(callVendor(server, 'login', answering(401, {}), () => call)).rejects.toMatchObject({
      provider: 'acme',
      phase: 'login',
    });
  });

  test('the first call loads the wire module, and the next ones use the same', async () => {
    const evaluations = () => (globalThis as { wireEvaluations?: number }).wireEvaluations ?? 0;
    const server = vendor(() => import('./support/counted-wire.js'));
    await untilReported();
    expect(evaluations()).toBe(0);
    const context = answering(200, {});
    await callVendor(server, 'login', context, ({ path }) => readTokens(`${host}${path}`));
    expect(evaluations()).toBe(1);
    await callVendor(server, 'refresh', context, ({ path }) => readTokens(`${host}${path}`));
    expect(evaluations()).toBe(1);
    expect(context.sent).toEqual([`${host}/token`, `${host}/token`]);
  });

  test('a wire module that cannot be loaded rejects the call, and nothing is sent', async () => {
    const server = vendor(() => Promise.reject(new Error('no such module')));
    const context = answering(200, {});
    await expect(
      callVendor(server, 'login', context, () => readTokens(`${host}/token`)),
    ).rejects.toMatchObject(notLoaded);
    await expect(
      callVendor(server, 'refresh', context, () => readTokens(`${host}/token`)),
    ).rejects.toMatchObject(notLoaded);
    await untilReported();
    expect(context.sent).toEqual([]);
    expect(unhandled).toEqual([]);
  });

  test('the call after one that could not load its module tries again, and no later call loads it', async () => {
    let isBroken = true;
    let loads = 0;
    const server = vendor(async () => {
      loads++;
      if (isBroken) throw new Error('the network is down');
      return { path: '/token' };
    });
    const context = answering(200, { ok: 1 });
    const login = () => callVendor(server, 'login', context, ({ path }) => readTokens(`${host}${path}`));
    await expect(login()).rejects.toMatchObject(notLoaded);
    isBroken = false;
    expect(await login()).toEqual({ ok: 1 });
    expect(await login()).toEqual({ ok: 1 });
    expect(loads).toBe(2);
  });
});

describe('preload', () => {
  test('preload loads, and a module that cannot be loaded is nobody’s unhandled rejection', async () => {
    let loaded = 0;
    preload(async () => void loaded++);
    preload(() => Promise.reject(new Error('no such module')));
    await untilReported();
    expect(loaded).toBe(1);
    expect(unhandled).toEqual([]);
  });

  test('a wire module that preload could not load is reported by the call that needs it', async () => {
    const server = vendor(() => Promise.reject(new Error('no such module')));
    preload(server.loadCalls);
    await untilReported();
    expect(unhandled).toEqual([]);
    await expect(
      callVendor(server, 'login', answering(200, {}), () => readTokens(`${host}/token`)),
    ).rejects.toMatchObject(notLoaded);
  });

  test('preload loads the code of the token call too', async () => {
    let isLoaded = false;
    vi.resetModules();
    vi.doMock('../src/wire.js', () => {
      isLoaded = true;
      return {};
    });
    try {
      const fresh = await import('../src/request-tokens.js');
      expect(isLoaded).toBe(false);
      fresh.preload(async () => {});
      await vi.waitFor(() => expect(isLoaded).toBe(true));
    } finally {
      vi.doUnmock('../src/wire.js');
      vi.resetModules();
    }
  });
});
