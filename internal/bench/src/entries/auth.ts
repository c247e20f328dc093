import { createJoorAuth } from '@auth/joor';
import type { Place } from '../peer.ts';

export function open({ origin, ...account }: Place): (url: string) => Promise<{ status: number }> {
  const session = createJoorAuth({
    baseUrl: `${origin}/auth/`,
    refresh: { tokenEndpoint: `${origin}/token` },
    ...account,
  });
  return (url) => session.fetch(url);
}
