/** A fetch's arguments as they stood at the call. The headers are apart: a token is written into them. */
export interface ArgumentsAtCall {
  readonly url: URL;
  /** The URL as text, or a Request. */
  readonly input: string | Request;
  readonly init: RequestInit;
  readonly headers: Headers;
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes everything from the arguments at once, as the platform's fetch does: nobody can change what was checked while
 * the call waits for a token. The caller's objects stay as they are, except that a Request's body is used up.
 *
 * @throws TypeError as the platform's fetch does
 */
export function argumentsAtCall(
  given: string | URL | Request,
  givenInit: RequestInit | undefined,
): ArgumentsAtCall {
  const request = isRequest(given) ? given : undefined;
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  // A Request of another realm or library counts as an init: this platform may not know it as a Request.
  const own = given instanceof Request ? given : undefined;
  // The platform sends a Request to the URL that it was made of, whatever a subclass says.
  const sentTo = own ? (Reflect.get(Request.prototype, 'url', own) as string) : request?.url;
  const url = new URL(sentTo ?? (given as string | URL), base);
  const init = { ...(own ? undefined : membersOf(request)), ...membersOf(givenInit) };
  const headers = new Headers(init.headers === undefined ? request?.headers : init.headers);
  const signal = (init.signal === undefined ? request?.signal : init.signal) ?? undefined;
  if (init.body instanceof URLSearchParams && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
  if (init.body) init.body = bodyAtCall(init.body);
  if (own === undefined) return { url, input: url.href, init, headers, signal };
  // As in the platform's fetch, `body: null` counts as no body, and the Request keeps its own.
  const keepsBody = (init.body === undefined || init.body === null) && own.body !== null;
  return { url, input: keepsBody ? new Request(own) : own, init, headers, signal };
}

/** By its tag, because a Request of another realm is no instance of ours. */
function isRequest(input: string | URL | Request): input is Request {
  return typeof input === 'object' && Object.prototype.toString.call(input) === '[object Request]';
}

/** Members that an init may inherit from a class, where they do not show in `for … in`. */
const standardMembers = [
  'body',
  'cache',
  'credentials',
  'duplex',
  'headers',
  'integrity',
  'keepalive',
  'method',
  'mode',
  'priority',
  'redirect',
  'referrer',
  'referrerPolicy',
  'signal',
] as const;

/** All members of an init in a plain object: its own, inherited ones, and those behind accessors. */
function membersOf(init: object | null | undefined): RequestInit {
  const members: Record<string, unknown> = {};
  if (init === undefined || init === null) return members;
  if (typeof init !== 'object' && typeof init !== 'function') throw new TypeError('the init is no object');
  const source = init as Record<string, unknown>;
  // Others than the standard's too, such as undici's `dispatcher`.
  for (const name in source) members[name] = source[name];
  for (const name of standardMembers) {
    const value = name in members ? undefined : source[name];
    if (value !== undefined) members[name] = value;
  }
  return members;
}

/** A body that the caller cannot change any more. Bytes become a Blob, in place of the platform's copy of them. */
function bodyAtCall(body: BodyInit): BodyInit {
  if (body instanceof URLSearchParams) return String(body);
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return new Blob([body as BlobPart]);
  if (!(body instanceof FormData)) return isKept(body) ? body : String(body);
  const copy = new FormData();
  for (const [name, value] of body) {
    if (typeof value === 'string') copy.append(name, value);
    else copy.append(name, value, value.name);
  }
  return copy;
}

/** Blobs do not change, streams are read once. Any other object is sent as its text. */
function isKept(body: BodyInit): boolean {
  const tag = Object.prototype.toString.call(body);
  return /^\[object (Blob|File|FormData|ReadableStream)\]$/.test(tag) || Symbol.asyncIterator in Object(body);
}
