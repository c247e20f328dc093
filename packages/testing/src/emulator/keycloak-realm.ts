import { Hono } from 'hono';
import { type Client, Keycloak, malformed, unauthorized } from './keycloak.js';
import type { Vendor } from './vendor.js';
import { basicOf, bearerOf, json, readForm } from './wire-kit.js';

/**
 * A realm of Keycloak with its own paths and metadata, and an API behind it. The client names itself by HTTP Basic or in
 * the body; metadata and paths are as seen from version 26.7.3, as far as a password grant needs them.
 */
export function keycloakServer(
  vendor: Vendor,
  client: Client,
  issuer: string,
  api: (request: Request) => Response | Promise<Response>,
): Hono {
  const server = new Hono();
  const keycloak = new Keycloak(vendor, client);
  const { pathname } = new URL(issuer);
  const realm = pathname.slice(pathname.indexOf('/realms/'));
  const endpoints = `${realm}/protocol/openid-connect`;

  server.get(`${realm}/.well-known/openid-configuration`, () =>
    json(200, {
      issuer,
      token_endpoint: `${issuer}/protocol/openid-connect/token`,
      revocation_endpoint: `${issuer}/protocol/openid-connect/revoke`,
      grant_types_supported: ['authorization_code', 'refresh_token', 'password', 'client_credentials'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    }),
  );

  server.post(`${endpoints}/token`, async ({ req }) => {
    const form = await formWithClient(req.raw);
    if (form?.get('grant_type') === 'refresh_token')
      return vendor.refreshCall(form.get('refresh_token'), (presented) => keycloak.refresh(form, presented));
    return vendor.tokenCall({ endpoint: 'login', account: form?.get('username') }, () =>
      form?.get('grant_type') === 'password'
        ? keycloak.login(form)
        : malformed(400, 'unsupported_grant_type', 'Unsupported grant_type'),
    );
  });

  server.post(`${endpoints}/revoke`, async ({ req }) => {
    const form = await formWithClient(req.raw);
    return vendor.tokenCall({ endpoint: 'revoke' }, () => keycloak.revoke(form));
  });

  server.all('/realms/*', () => json(404, { error: 'Unable to find matching target resource method' }));
  server.all('*', ({ req }) => vendor.apiCall(bearerOf(req.raw), unauthorized, () => api(req.raw)));
  return server;
}

/** The form, with the client of HTTP Basic among its fields. */
async function formWithClient(request: Request): Promise<ReadonlyMap<string, string> | undefined> {
  const form = await readForm(request, ['application/x-www-form-urlencoded']);
  const basic = basicOf(request);
  if (form === undefined || basic === undefined) return form;
  return new Map([...form, ['client_id', basic.user], ['client_secret', basic.password]]);
}
