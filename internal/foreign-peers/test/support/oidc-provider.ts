import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors, Provider } from 'oidc-provider';
import { fieldsOf, type Loopback, serve } from './loopback.js';
import { account, client } from './oauth2-server.js';

/** `oidc-provider` with a password grant, rotation, reuse detection, metadata and revocation, behind JOOR's paths too. */
export async function startOidcProvider(
  accessSeconds: number,
): Promise<Loopback & { readonly calls: string[] }> {
  const calls: string[] = [];
  const outer = await serve((request) => answer(request));
  const provider = new Provider(outer.origin, {
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
    features: { devInteractions: { enabled: false }, revocation: { enabled: true } },
    jwks: undefined as never,
  });
  // Its metadata shall name the URLs that its clients see.
  provider.proxy = true;
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

  const forwarded = { 'x-forwarded-proto': 'http', 'x-forwarded-host': new URL(outer.origin).host };
  async function answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/orders') {
      const [, token = ''] = request.headers.get('authorization')?.split(' ') ?? [];
      const known = await provider.AccessToken.find(token);
      return known?.isValid ? Response.json({ orders: [] }) : Response.json({}, { status: 401 });
    }
    const isGet = request.method === 'GET';
    const body = isGet ? undefined : await fieldsOf(request);
    const path = isGet || pathname.startsWith('/token/') ? pathname : '/token';
    const inside = await fetch(origin + path, {
      method: request.method,
      headers: { ...forwarded, authorization: request.headers.get('authorization') ?? '' },
      ...(body && { body }),
    });
    if (!isGet) calls.push(`${body?.get('grant_type') ?? pathname} ${inside.status}`);
    return new Response(await inside.text(), {
      status: inside.status,
      headers: { 'content-type': inside.headers.get('content-type') ?? '' },
    });
  }
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
