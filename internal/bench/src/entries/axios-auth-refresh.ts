import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';
import type { Place } from '../peer.ts';

export function open(place: Place): (url: string) => Promise<{ status: number }> {
  const { origin, username, password } = place;
  const session = axios.create();
  let kept: { access_token: string; refresh_token: string } | undefined;
  // The library's types use axios's CommonJS declarations, which differ from those imported here.
  createAuthRefresh(session as never, async () => {
    const grant =
      kept === undefined
        ? { grant_type: 'password', username, password }
        : { grant_type: 'refresh_token', refresh_token: kept.refresh_token };
    kept = (await axios.post(`${origin}/token`, new URLSearchParams(grant))).data;
  });
  session.interceptors.request.use((request) => {
    request.headers.set('authorization', `Bearer ${kept?.access_token}`);
    return request;
  });
  return (url) => session.get(url);
}
