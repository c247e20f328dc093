import type { FetchLike, Transport } from '../provider.js';
import { membersOf } from './arguments-at-call.js';

/**
 * A transport of the user's choice. One of another library does not know the platform's Request, and takes its text for
 * a URL. So it gets the URL, and the request's members as the init. A body is left to the platform, which knows its
 * length, until the transport has shown that it is not the platform's.
 */
export function transportOver(fetch: Transport): FetchLike {
  let knowsRequests = true;
  // Called bare: browsers and workerd refuse a fetch whose `this` is another object.
  const send = (input: string | URL | Request, init: RequestInit | undefined): Promise<Response> =>
    fetch(input, init) as Promise<Response>;

  const sendWithBody = async (given: Request, changes: RequestInit): Promise<Response> => {
    const request = new Request(given);
    const readAsText = (): string => {
      // By a wrapper that names in a log what it has sent.
      if (request.bodyUsed || request.body?.locked === true) return request.url;
      knowsRequests = false;
      throw new TypeError('the transport does not know the Request of the platform');
    };
    if (knowsRequests) {
      try {
        return await send(Object.defineProperty(request, 'toString', { value: readAsText }), changes);
      } catch (error) {
        if (knowsRequests) throw error;
      }
    }
    // As bytes, which every library takes, and sends with their length.
    const body = new Uint8Array(await request.arrayBuffer());
    return send(request.url, { ...membersOf(request), body, ...changes });
  };

  const sendBytes = async (input: string | URL, init: RequestInit, bytes: Blob): Promise<Response> =>
    send(input, { ...init, body: new Uint8Array(await bytes.arrayBuffer()) });

  return (input, init) => {
    if (input instanceof Request) {
      const changes = withoutGaps(init);
      if (input.body !== null && changes.body === undefined) return sendWithBody(input, changes);
      const { body: _, ...members } = membersOf(input);
      return send(input.url, { ...members, ...changes });
    }
    // Bytes, as they stood at the call: node-fetch 2 sends no Blob of the platform.
    const body = init?.body;
    return body instanceof Blob && body.type === ''
      ? sendBytes(input, init as RequestInit, body)
      : send(input, init);
  };
}

/** The members that say something: beside a Request the platform ignores the others. */
function withoutGaps(init: RequestInit = {}): RequestInit {
  const saying = Object.entries(init).filter(
    ([name, value]) => value !== undefined && !(name === 'body' && value === null),
  );
  return Object.fromEntries(saying);
}
