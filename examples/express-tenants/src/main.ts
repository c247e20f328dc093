/** Shows each tenant the trips of their own Simacan account. Run as many processes as you like, on one Redis. */
import type { AddressInfo } from 'node:net';
import { findAuthError } from '@auth/core';
import { simacan } from '@auth/password-refresh';
import { redisStore } from '@auth/store-redis';
import express, { type NextFunction, type Request, type Response } from 'express';
import { Redis } from 'ioredis';
import { tenantSessions } from './sessions.ts';
import { readTenants } from './tenants.ts';

const { SIMACAN_AUTH_URL: baseUrl = simacan('staging').baseUrl } = process.env;
const { SIMACAN_API_URL: apiUrl = 'https://trips-stg.services.simacan.com' } = process.env;
const { REDIS_URL: redisUrl = 'redis://127.0.0.1:6379', TENANTS_FILE: tenantsFile = '' } = process.env;
const { PORT: port = '3000' } = process.env;

const redis = new Redis(redisUrl);
redis.on('error', ({ message }) => console.warn(message));
const store = redisStore({ client: redis });
const tenantOf = await readTenants(tenantsFile);
const sessions = tenantSessions({ baseUrl, store });

const app = express();
app.get('/trips', async (request, response) => {
  // The API key selects the tenant's session; a name in the URL would let anybody read any tenant's trips.
  const tenant = tenantOf(request.get('x-api-key') ?? '');
  if (tenant === undefined) return void response.sendStatus(401);
  const trips = await sessions.of(tenant).fetch(`${apiUrl}/trips`);
  // The tenant is signed in with us: a refusal by Simacan is a gateway's.
  if (trips.status === 401) return void response.sendStatus(502);
  response.status(trips.status).json(await trips.json());
});
app.use((error: unknown, _: Request, response: Response, next: NextFunction) => {
  const authError = findAuthError(error);
  if (authError === undefined) return next(error);
  // The error is between us and Simacan, so the tenant gets a gateway error.
  console.error(authError.code, authError.message);
  if (authError.retryAt !== undefined) response.set('retry-after', new Date(authError.retryAt).toUTCString());
  response.status(authError.retryable ? 503 : 502).json({ error: authError.code });
});

const server = app.listen(Number(port), '127.0.0.1', () => {
  console.log(`Listening on http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGTERM', () => {
  server.close(async () => {
    await sessions.close();
    await store[Symbol.asyncDispose]();
    redis.disconnect();
  });
});
