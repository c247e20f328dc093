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
export function argumentsAtCall(given: string | URL | Request, givenInit: RequestInit): ArgumentsAtCall {
  const own = given instanceof Request ? given : undefined;
  // A Request of another realm or library counts as an init: this platform may not know it as a Request.
  const request = own ?? (tagOf(given) === 'Request' ? (given as Request) : undefined);
  // The platform sends a Request to the URL that it was made of, whatever a subclass says.
  const sentTo = own ? (Reflect.get(Request.prototype, 'url', own) as string) : request?.url;
  const base = globalThis.document?.baseURI ?? globalThis.location?.href;
  const url = new URL(sentTo ?? (given as string | URL), base);
  const init = { ...(own ? undefined : membersOf(request)), ...membersOf(givenInit) };
  for (const name of textMembers)
    if (init[name] !== undefined) (init as Record<string, unknown>)[name] = `${init[name]}`;
  const headers = new Headers(init.headers === undefined ? request?.headers : init.headers);
  const signal = (init.signal === undefined ? request?.signal : init.signal) ?? undefined;
  if (tagOf(init.body) === 'URLSearchParams' && !headers.has('content-type'))
    headers.set('content-type', 'application/x-www-form-urlencoded;charset=UTF-8');
  if (init.body) init.body = bodyAtCall(init.body);
  if (own === undefined) return { url, input: url.href, init, headers, signal };
  // As in the platform's fetch, `body: null` counts as no body, and the Request keeps its own; a body that the init replaces
  // is left to the caller. The copy is the platform's own: what a subclass or the caller says of the URL changes nothing.
  const keepsBody = init.body === undefined || init.body === null || own.body === null;
  return { url, input: new Request(own, keepsBody ? {} : { body: '' }), init, headers, signal };
}

/** What an object says it is. Not `instanceof`, which fails for objects of another realm, such as a test runner's. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
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
export function membersOf(init: object | null | undefined): RequestInit {
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

/** Members that the platform takes as text, whatever object says the text. */
const textMembers = [
  'cache',
  'credentials',
  'integrity',
  'method',
  'mode',
  'redirect',
  'referrer',
  'referrerPolicy',
] as const;

/** A body that the caller cannot change any more. Bytes become a Blob, in place of the platform's copy of them. */
function bodyAtCall(body: BodyInit): BodyInit {
  if (ArrayBuffer.isView(body) || tagOf(body) === 'ArrayBuffer') return new Blob([body as BlobPart]);
  switch (tagOf(body)) {
    case 'FormData':
      // The form of the package form-data is a stream.
      return Symbol.iterator in (body as FormData) ? copyOf(body as FormData) : body;
    case 'Blob':
    case 'File':
    case 'ReadableStream':
      return body;
    default:
      // Node takes async iterables as streams. The platform sends any other object as its text.
      return Symbol.asyncIterator in Object(body) ? body : String(body);
  }
}

function copyOf(form: FormData): FormData {
  // Another library's form stays one: only that library's fetch can send it.
  const copy = new (form.constructor as typeof FormData)();
  for (const [name, value] of form) {
    if (typeof value === 'string') copy.append(name, value);
    else copy.append(name, value, value.name);
  }
  return copy;
}
