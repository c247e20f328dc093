import type { FetchLike, Transport } from '../provider.js';
import { membersOf } from './arguments-at-call.js';

/**
 * A transport of the user's choice. One of another library does not know the platform's Request and takes its text for
 * a URL, before it sends anything: then it gets the URL, and the request's members as the init.
 */
export function transportOver(fetch: Transport): FetchLike {
  let knowsRequests = true;
  const send = async (given: Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(given);
    const readAsText = (): never => {
      knowsRequests = false;
      throw new TypeError('the transport does not know the Request of the platform');
    };
    if (knowsRequests) {
      try {
        return (await fetch(
          Object.defineProperty(request, 'toString', { value: readAsText }),
          init,
        )) as Response;
      } catch (error) {
        if (knowsRequests) throw error;
      }
    }
    // As bytes, which every library takes, and sends with their length.
    const body = request.body === null ? {} : { body: new Uint8Array(await request.arrayBuffer()) };
    return fetch(request.url, { ...membersOf(request), ...body, ...init }) as Promise<Response>;
  };
  // Called bare: browsers and workerd refuse a fetch whose `this` is another object.
  return (input, init) =>
    input instanceof Request ? send(input, init) : (fetch(input, init) as Promise<Response>);
}
