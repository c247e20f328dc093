import type { AuthSession } from './auth-session.js';
import type { SessionContext } from './context.js';
import { Outgoing } from './outgoing.js';
import { sendFollowing } from './redirects.js';

/** The session's `fetch`: attach, send, and where the API refuses the token, replay once with another. */
export function createFetch(
  session: Pick<AuthSession, 'attach' | 'tokenRejected'>,
  context: SessionContext,
): typeof globalThis.fetch {
  const { provider } = context;
  // On a redirect to another origin the platform drops Authorization (Fetch standard, HTTP-redirect fetch, 13), and only that.
  const writesOthers = provider.tokenHeaders?.some((name) => name.toLowerCase() !== 'authorization') ?? false;

  return async function authFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const request = input instanceof Request ? input : undefined;
    const url =
      request === undefined
        ? new URL(input as string | URL, globalThis.location?.href)
        : new URL(request.url);
    const signal = (init?.signal === undefined ? request?.signal : init.signal) ?? undefined;
    const options = signal === undefined ? undefined : { signal };
    const headers = new Headers(init?.headers ?? request?.headers);
    const attached = session.attach(url, headers, options);
    const sent = attached instanceof Promise ? await attached : attached;
    const outgoing = new Outgoing(input, init);
    const send = (): Promise<Response> =>
      writesOthers ? sendFollowing(context, outgoing, url, headers) : outgoing.send(context.fetch, headers);
    try {
      const response = await send();
      // Where we followed redirects ourselves, the token went along all the way.
      if (response.ok || !(writesOthers || isFrom(url, response))) return response;
      const next = await session.tokenRejected(sent, response, options).catch((error: unknown) => {
        response.body?.cancel().catch(() => {});
        throw error;
      });
      if (next === undefined || !outgoing.isReplayable) return response;
      response.body?.cancel().catch(() => {});
      context.authorize(headers, next);
      return await send();
    } finally {
      outgoing.discard();
    }
  } as typeof globalThis.fetch;
}

/** A refusal counts only from the origin that got the token: after a redirect elsewhere, none was sent there. */
function isFrom(url: URL, response: Response): boolean {
  return response.url === '' || new URL(response.url).origin === url.origin;
}
