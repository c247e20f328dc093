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
  /** Shared by all sessions: two browsers of one account have one login guard and one exchange between them. */
  const store = memoryStore();
  /** By the random text in a browser's cookie: whoever holds it has passed {@link BearerLoginAuth.signIn}. */
  const signedIn = new LRUCache<string, BearerLoginAuth>({
    max: 10_000,
    ttl: dayMs,
    dispose: (session) => session.dispose(),
  });
  const app = new Hono();

  app.post('/session', csrf(), async (context) => {
    const { username, password } = (await context.req.json().catch(() => null)) ?? {};
    if (typeof username !== 'string' || typeof password !== 'string') return context.body(null, 400);
    // Of this account alone, and without a password: what it may do is what signIn brings.
    const session = createBearerLoginAuth({ baseUrl, username, store });
    try {
      // Always asks TeleTracker. A call of fetch would be content with the tokens that the account has stored.
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
