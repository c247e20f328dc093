import { Hono } from 'hono';
import { type Client, Keycloak, malformed, unauthorized } from './keycloak.js';
import type { Vendor } from './vendor.js';
import { bearerOf, isAuthPath, json, readForm } from './wire-kit.js';

/**
 * JOOR: a multipart login at /auth/, and the endpoints of the Keycloak behind it, here at /auth/token and /auth/revoke.
 * Which version of Keycloak JOOR runs is not known.
 */
export function joorServer(
  vendor: Vendor,
  client: Client,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const keycloak = new Keycloak(vendor, client);

  server.post('/auth/', async ({ req }) => {
    const form = await readForm(req.raw, ['multipart/form-data']);
    return vendor.tokenCall({ endpoint: 'login', account: form?.get('username') }, () =>
      form?.get('grant_type') === 'password'
        ? keycloak.login(form)
        : malformed(400, 'unsupported_grant_type', 'Unsupported grant_type'),
    );
  });

  server.post('/auth/token', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded']);
    return vendor.refreshCall(form?.get('refresh_token'), (presented) =>
      form?.get('grant_type') === 'refresh_token'
        ? keycloak.refresh(form, presented)
        : malformed(400, 'unsupported_grant_type', 'Unsupported grant_type'),
    );
  });

  server.post('/auth/revoke', async ({ req }) => {
    const form = await readForm(req.raw, ['application/x-www-form-urlencoded']);
    return vendor.tokenCall({ endpoint: 'revoke' }, () => keycloak.revoke(form));
  });

  server.all('*', ({ req }) => {
    if (isAuthPath(req.raw)) return json(404, { error: 'not_found' });
    return vendor.apiCall(bearerOf(req.raw), unauthorized, () => api(req.raw));
  });
  return server;
}
