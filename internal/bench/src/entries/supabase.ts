import { GoTrueClient } from '@supabase/auth-js';
import type { Place } from '../peer.ts';

export function open(place: Place): (url: string) => Promise<{ status: number }> {
  const session = new GoTrueClient({ url: place.origin });
  return async (url) => {
    let { data } = await session.getSession();
    if (data.session === null) {
      const login = await session.signInWithPassword({ email: place.username, password: place.password });
      if (login.data.session === null) throw login.error;
      data = login.data;
    }
    return fetch(url, { headers: { authorization: `Bearer ${data.session?.access_token}` } });
  };
}
