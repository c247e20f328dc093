import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';
import type { Place } from '../peer.ts';

export function open({ origin: server, ...place }: Place): (url: string) => Promise<{ status: number }> {
  const client = new OAuth2Client({ server, tokenEndpoint: '/token', ...place });
  const session = new OAuth2Fetch({ client, getNewToken: () => client.password(place) });
  return (url) => session.fetch(url);
}
