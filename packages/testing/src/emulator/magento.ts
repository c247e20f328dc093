import { Hono } from 'hono';
import type { TokenResult, Vendor } from './vendor.js';
import { bearerOf, json, readForm } from './wire-kit.js';

/**
 * Magento's admin token (developer.adobe.com, "Token-based authentication"): JSON in, one JSON string out, which since
 * version 2.4.4 is a JWT. There is no refresh. The sentences are those of its source.
 */
export function magentoServer(vendor: Vendor, api: (request: Request) => Response | Promise<Response>): Hono {
  const server = new Hono();

  const grant = (account: string): TokenResult => {
    const { accessToken } = vendor.issueJwts(account, undefined, { uid: 1, utypid: 2 });
    return { outcome: 'issued', response: json(200, accessToken) };
  };

  server.post('/rest/V1/integration/admin/token', async ({ req }) => {
    const body = await readForm(req.raw, ['application/json']);
    const account = body?.get('username');
    return vendor.tokenCall({ endpoint: 'login', account }, () => {
      if (body === undefined)
        return { outcome: 'malformed', response: json(400, { message: 'Decoding error.' }) };
      const verdict = vendor.accounts.checkPassword(account, body.get('password'));
      if (verdict === 'right') return grant(account as string);
      const message =
        'The account sign-in was incorrect or your account is disabled temporarily. Please wait and try again later.';
      return { outcome: verdict === 'locked' ? 'locked' : 'refused', response: json(401, { message }) };
    });
  });

  server.all('*', ({ req }) =>
    vendor.apiCall(
      bearerOf(req.raw),
      () => {
        const message = "The consumer isn't authorized to access %resources.";
        return json(401, { message, parameters: { resources: 'Magento_Catalog::products' } });
      },
      () => api(req.raw),
    ),
  );
  return server;
}
