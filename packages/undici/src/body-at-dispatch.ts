import type { Dispatcher } from 'undici';

type Body = Dispatcher.DispatchOptions['body'];

/** A body that the caller cannot change any more: it may be sent later, and once more after a refusal. */
export function bodyAtDispatch(body: Body): Body {
  // Undici takes more than its types say: every view, and array buffers.
  const bytes = body as unknown;
  if (ArrayBuffer.isView(bytes))
    return Buffer.copyBytesFrom(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (bytes instanceof ArrayBuffer) return Buffer.copyBytesFrom(new Uint8Array(bytes));
  return tagOf(body) === 'FormData' ? copyOf(body as unknown as FormData) : body;
}

/** A query that the caller cannot change any more. Its values are texts, or lists of them. */
export function queryAtDispatch(query: Record<string, unknown>): Record<string, unknown> {
  const copied = Object.entries(query).map(([name, value]) => [
    name,
    Array.isArray(value) ? [...value] : value,
  ]);
  return Object.fromEntries(copied);
}

/** Whether a body can be sent a second time. One that can be read only once cannot. */
export function isReplayable(body: Body): boolean {
  if (typeof body !== 'object' || body === null) return true;
  return (
    body instanceof Uint8Array || Array.isArray(body) || ['FormData', 'Blob', 'File'].includes(tagOf(body))
  );
}

/** Whether a stream was read to its end. */
export function hasEnded(body: Body): boolean {
  return (body as { readonly readableEnded?: boolean } | null | undefined)?.readableEnded === true;
}

/** What an object says it is; not `instanceof`, since forms and blobs come from Node and from undici. */
function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

function copyOf(form: FormData): Body {
  const copy = new (form.constructor as typeof FormData)();
  for (const [name, value] of form) {
    if (typeof value === 'string') copy.append(name, value);
    else copy.append(name, value, value.name);
  }
  return copy as unknown as Body;
}
