/** Answers with today's trips. All instances of the worker, wherever they run, share one session. */
import { env, waitUntil } from 'cloudflare:workers';
import { findAuthError } from '@auth/core';
import { createPasswordRefreshAuth, simacan } from '@auth/password-refresh';
import { durableObjectStore, type TokenRecords } from './token-records.js';

export { TokenRecords } from './token-records.js';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly TOKENS: DurableObjectNamespace<TokenRecords>;
      readonly SIMACAN_AUTH_URL?: string;
      readonly SIMACAN_API_URL?: string;
      readonly SIMACAN_USERNAME: string;
      readonly SIMACAN_PASSWORD: string;
    }
  }
}

const { SIMACAN_AUTH_URL: baseUrl = simacan('staging').baseUrl } = env;
const { SIMACAN_API_URL: apiUrl = 'https://trips-stg.services.simacan.com' } = env;

const session = createPasswordRefreshAuth({
  ...simacan('staging'),
  baseUrl,
  username: env.SIMACAN_USERNAME,
  password: env.SIMACAN_PASSWORD,
  store: durableObjectStore(env.TOKENS),
  // A timer ends with the request that set it.
  scheduler: null,
  // Keeps an exchange running after its request, because other requests may be waiting for the tokens.
  waitUntil,
});

export default {
  async fetch(): Promise<Response> {
    try {
      const trips = await session.fetch(`${apiUrl}/trips`);
      return Response.json(await trips.json(), { status: trips.status });
    } catch (error) {
      const code = findAuthError(error)?.code;
      if (code === undefined) throw error;
      return Response.json({ error: code }, { status: 503 });
    }
  },
};
