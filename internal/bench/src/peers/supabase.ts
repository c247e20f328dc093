import { GoTrueClient, type LockFunc } from '@supabase/auth-js';
import type { Peer } from '../peer.ts';

export function supabase(name: string, lock?: LockFunc): Peer {
  return {
    name,
    async open({ origin, username, password }, fetch = globalThis.fetch) {
      const client = new GoTrueClient({
        url: `${origin}/auth/v1`,
        autoRefreshToken: false,
        // The library's own storage in memory.
        persistSession: false,
        detectSessionInUrl: false,
        // The library treats an answer without `user` as an error.
        fetch: async (url, init) => {
          const response = await fetch(url, init);
          if (!response.ok) return response;
          const user = { id: username, aud: 'api', app_metadata: {}, user_metadata: {}, created_at: '' };
          return Response.json({ ...((await response.json()) as object), user });
        },
        ...(lock !== undefined && { lock }),
      });
      const { error } = await client.signInWithPassword({ email: username, password });
      if (error !== null) throw error;
      return {
        async getToken() {
          const { data, error } = await client.getSession();
          if (data.session === null) throw error ?? new Error('There is no session');
          return data.session.access_token;
        },
        close: () => void client.dispose(),
      };
    },
  };
}

export const peer: Peer = supabase('@supabase/auth-js');
