import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors, Provider } from 'oidc-provider';
import { fieldsOf, type Loopback, serve } from './loopback.js';
import { account, client } from './oauth2-server.js';

/** `oidc-provider` with a password grant, rotation and reuse detection, behind JOOR's paths. */
export async function startOidcProvider(
  accessSeconds: number,
): Promise<Loopback & { readonly calls: string[] }> {
  const calls: string[] = [];
  const provider = new Provider('http://127.0.0.1', {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [],
        response_types: [],
        grant_types: ['password', 'refresh_token'],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    findAccount: async (_ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    rotateRefreshToken: true,
    ttl: { AccessToken: accessSeconds, RefreshToken: 3_600, Grant: 3_600 },
    features: { devInteractions: { enabled: false } },
    jwks: undefined as never,
  });
  provider.registerGrantType(
    'password',
    async (ctx) => {
      const { username, password } = ctx.oidc.params as Record<string, string>;
      if (username !== account.username || password !== account.password) {
        throw new errors.InvalidGrant('invalid credentials provided');
      }
      const { client: asking } = ctx.oidc;
      if (asking === undefined) throw new errors.InvalidClient();
      const grant = new provider.Grant({ accountId: username, clientId: asking.clientId });
      grant.addOIDCScope('openid offline_access');
      const grantId = await grant.save();
      const common = {
        accountId: username,
        client: asking,
        grantId,
        gty: 'password',
        scope: 'openid offline_access',
      };
      const accessToken = await new provider.AccessToken(common as never).save();
      const refreshToken = await new provider.RefreshToken({
        ...common,
        rotations: 0,
        expiresWithSession: false,
      } as never).save();
      ctx.body = {
        access_token: accessToken,
        expires_in: accessSeconds,
        refresh_token: refreshToken,
        token_type: 'Bearer',
      };
    },
    ['username', 'password'],
  );
  const inner = createServer(provider.callback());
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(inner.address() as AddressInfo).port}`;

  const outer = await serve(async (request) => {
    if (new URL(request.url).pathname === '/orders') {
      const [, token = ''] = request.headers.get('authorization')?.split(' ') ?? [];
      const known = await provider.AccessToken.find(token);
      return known?.isValid ? Response.json({ orders: [] }) : Response.json({}, { status: 401 });
    }
    const body = await fieldsOf(request);
    const answer = await fetch(`${origin}/token`, { method: 'POST', body });
    calls.push(`${body.get('grant_type')} ${answer.status}`);
    return new Response(await answer.text(), {
      status: answer.status,
      headers: { 'content-type': answer.headers.get('content-type') ?? '' },
    });
  });
  return {
    origin: outer.origin,
    calls,
    async [Symbol.asyncDispose]() {
      await outer[Symbol.asyncDispose]();
      inner.closeAllConnections();
      await new Promise((resolve) => inner.close(resolve));
    },
  };
}
