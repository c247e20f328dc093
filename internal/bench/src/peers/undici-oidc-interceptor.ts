import { Agent, request } from 'undici';
import { createOidcInterceptor } from 'undici-oidc-interceptor';
import type { Peer } from '../peer.ts';
import { notOffered } from './shared.ts';

/** It has no password grant: it renews by the client's credentials, which this server takes for a login. */
export const peer: Peer = {
  name: 'undici-oidc-interceptor',
  async open({ origin, clientId, clientSecret }) {
    const interceptor = createOidcInterceptor({
      clientId,
      clientSecret,
      idpTokenUrl: `${origin}/token`,
      urls: [origin],
      retryOnStatusCodes: [401],
    });
    const dispatcher = new Agent().compose(interceptor);
    const send = async (url: string): Promise<{ status: number }> => {
      const { statusCode, body } = await request(url, { dispatcher });
      await body.arrayBuffer();
      return { status: statusCode };
    };
    await send(`${origin}/api`);
    return { getToken: notOffered, fetch: send, close: () => void dispatcher.close() };
  },
};
