import { type BearerLoginAuth, createBearerLoginAuth } from '@auth/bearer-login';
import { findAuthError, memoryStore } from '@auth/core';
import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { LRUCache } from 'lru-cache';

const dayMs = 24 * 3_600_000;
const cookie = {
  path: '/',
  httpOnly: true,
  secure: true,
  sameSite: 'Strict',
  maxAge: dayMs / 1_000,
} as const;

/** Signs people in with their TeleTracker accounts, and shows them their vehicles. */
export function createApp(baseUrl: string): Hono {
  /** Shared by all sessions, so that two browsers of one account share its login guard and its exchanges. */
  const store = memoryStore();
  /** By the random id in a browser's cookie, which is set only after {@link BearerLoginAuth.signIn} succeeded. */
  const signedIn = new LRUCache<string, BearerLoginAuth>({
    max: 10_000,
    ttl: dayMs,
    dispose: (session) => session.dispose(),
  });
  const app = new Hono();

  app.post('/session', csrf(), async (context) => {
    const { username, password } = (await context.req.json().catch(() => null)) ?? {};
    if (typeof username !== 'string' || typeof password !== 'string') return context.body(null, 400);
    // Without a configured password, so only a successful signIn gives this session tokens of its own.
    const session = createBearerLoginAuth({ baseUrl, username, store });
    try {
      // signIn always asks TeleTracker. fetch would accept the tokens that are stored for the account.
      await session.signIn({ password });
    } catch (error) {
      session.dispose();
      throw error;
    }
    const id = crypto.randomUUID();
    signedIn.set(id, session);
    setCookie(context, 'session', id, cookie);
    return context.body(null, 204);
  });

  app.get('/vehicles', async (context) => {
    const session = signedIn.get(getCookie(context, 'session') ?? '');
    if (session === undefined) return context.json({ error: 'signed_out' }, 401);
    const response = await session.fetch(`${baseUrl}/vehicles`, { signal: context.req.raw.signal });
    return context.json(await response.json(), response.ok ? 200 : 502);
  });

  app.delete('/session', csrf(), async (context) => {
    const id = deleteCookie(context, 'session', cookie) ?? '';
    await signedIn.get(id)?.signOut(); // in all browsers of the account
    signedIn.delete(id);
    return context.body(null, 204);
  });

  app.onError((error, context) => {
    const authError = findAuthError(error);
    if (authError === undefined)
      return error instanceof HTTPException ? error.getResponse() : context.body(null, 500);
    const { code, retryAt, retryable } = authError;
    if (retryAt !== undefined) context.header('retry-after', new Date(retryAt).toUTCString());
    return context.json({ error: code }, code === 'rate_limited' ? 429 : retryable ? 503 : 401);
  });
  return app;
}
