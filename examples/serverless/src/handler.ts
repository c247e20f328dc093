/** A function that answers with today's trips, for platforms that freeze or end its instances between requests. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { findAuthError } from '@auth/core';
import { createPasswordRefreshAuth, type PasswordRefreshAuthOptions } from '@auth/password-refresh';
import { redisStore } from '@auth/store-redis';
import type { Redis } from 'ioredis';

/** What the platform gives to each request. */
export interface FunctionContext {
  /** Keeps the instance running until the work is done, even after the answer is sent. */
  waitUntil(work: Promise<unknown>): void;
}

export type Handler = (request: Request, context: FunctionContext) => Promise<Response>;

/** Called once per instance, outside of any request, so that later requests find the token in memory. */
export function createHandler(client: Redis, apiUrl: string, options: PasswordRefreshAuthOptions): Handler {
  // Without `subscribe`: a frozen instance receives nothing, and would hold a second connection.
  const { subscribe: _, ...store } = redisStore({ client });
  const requests = new AsyncLocalStorage<FunctionContext>();
  const session = createPasswordRefreshAuth({
    ...options,
    store,
    // A timer would be frozen with the instance and fire during a later request.
    scheduler: null,
    waitUntil: (work) => requests.getStore()?.waitUntil(work),
  });

  return (_request, context) =>
    requests.run(context, async () => {
      try {
        const trips = await session.fetch(`${apiUrl}/trips`);
        // The caller is signed in with us: a refusal by Simacan is a gateway's.
        if (trips.status === 401) return Response.json({ error: 'refused by Simacan' }, { status: 502 });
        return Response.json(await trips.json(), { status: trips.status });
      } catch (error) {
        const authError = findAuthError(error);
        if (authError === undefined) throw error;
        return Response.json({ error: authError.code }, { status: 503 });
      }
    });
}
