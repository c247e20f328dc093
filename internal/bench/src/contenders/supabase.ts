/** @supabase/auth-js with a storage adapter on a file, and no lock: its default since 2.107. */
import { GoTrueClient, type GoTrueClientOptions } from '@supabase/auth-js';
import { type Contender, read, run, type SharedPlace, write } from '../contender.ts';

/** The contender, with a lock or without. */
export function supabase(lock?: GoTrueClientOptions['lock']): Contender {
  return {
    async login(place) {
      const { username: email, password } = place;
      const { error } = await open(place, lock).signInWithPassword({ email, password });
      if (error !== null) throw error;
    },
    async getToken(place) {
      const { data, error } = await open(place, lock).getSession();
      if (data.session === null) throw error ?? new Error('no session');
      return data.session.access_token;
    },
  };
}

function open({ origin, file }: SharedPlace, lock?: GoTrueClientOptions['lock']): GoTrueClient {
  return new GoTrueClient({
    url: origin,
    storageKey: file,
    autoRefreshToken: false,
    persistSession: true,
    detectSessionInUrl: false,
    storage: {
      getItem: (key) => read<Record<string, string>>(file)?.[key] ?? null,
      setItem: (key, value) => write(file, { ...read<Record<string, string>>(file), [key]: value }),
      removeItem(key) {
        const { [key]: gone, ...rest } = read<Record<string, string>>(file) ?? {};
        if (gone !== undefined) write(file, rest);
      },
    },
    fetch: withUser,
    ...(lock === undefined ? {} : { lock }),
  });
}

/** Adds the user to the server's answers, as GoTrue does. */
async function withUser(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  if (!response.ok) return response;
  return Response.json({ ...((await response.json()) as object), user: { id: 'u', aud: 'authenticated' } });
}

if (import.meta.main) await run(supabase());
