import type { TokenByHand } from './single-flight.ts';

/** A fetch with a token, without a library: the token goes to one origin, and a refused request is sent once more. */
export function fetchByHand(
  origin: string,
  token: TokenByHand,
  fetch: typeof globalThis.fetch,
): (url: string, init?: RequestInit) => Promise<Response> {
  const send = (url: string, init: RequestInit | undefined, accessToken: string): Promise<Response> =>
    fetch(url, {
      ...init,
      headers: { ...(init?.headers as Record<string, string>), authorization: `Bearer ${accessToken}` },
    });
  return async (url, init) => {
    if (!url.startsWith(origin) || !'/?#'.includes(url.charAt(origin.length))) {
      throw new Error(`the token must not go to ${new URL(url).origin}`);
    }
    const accessToken = await token.get();
    const response = await send(url, init, accessToken);
    if (response.status !== 401 || init?.body instanceof ReadableStream) return response;
    await response.body?.cancel();
    return send(url, init, await token.getOther(accessToken));
  };
}
