/** Shared by adapters: grants by plain fetch, for libraries that leave grants to their user. */
import type { Place } from '../peer.ts';

/** A token endpoint's answer. */
export interface Grant {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
}

/** A password grant, or a refresh where there is a refresh token. */
export async function obtain(
  place: Place,
  refreshToken?: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<Grant> {
  const response = await fetch(`${place.origin}/token`, {
    method: 'POST',
    body: new URLSearchParams(
      refreshToken === undefined
        ? { grant_type: 'password', username: place.username, password: place.password }
        : { grant_type: 'refresh_token', refresh_token: refreshToken },
    ),
  });
  if (!response.ok) throw new Error(`The token endpoint answered ${response.status}`);
  return (await response.json()) as Grant;
}

/** Reads the body, which frees the connection. */
export async function drained(response: Response): Promise<Response> {
  if (response.body !== null) await response.arrayBuffer();
  return response;
}

/** The status of an HTTP error of libraries that throw on 4xx; anything else is thrown on. */
export function statusOf(error: unknown): { readonly status: number } {
  const { status, response } = error as { status?: unknown; response?: { status?: unknown } };
  const found = response?.status ?? status;
  if (typeof found === 'number') return { status: found };
  throw error;
}

/** Thrown by `getToken` of a library that hands out no token. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

export function notOffered(): Promise<never> {
  return Promise.reject(new NotOffered('This library hands out no token'));
}
