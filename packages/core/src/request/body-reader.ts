/** Reads a body part by part. */
export interface BodyReader {
  /** The next part; its value is undefined at the end. */
  read(): Promise<{ readonly value?: Uint8Array<ArrayBuffer> | undefined }>;
  cancel(): Promise<void>;
}

/** What node-fetch has for a body. */
interface NodeStream extends AsyncIterable<Uint8Array<ArrayBuffer>> {
  destroy(): void;
}

export function isNodeStream(body: unknown): body is NodeStream {
  if (typeof body !== 'object' || body === null || 'getReader' in body) return false;
  return Symbol.asyncIterator in body && 'destroy' in body;
}

/** @throws TypeError for a body that is no stream, as that of a test's double, and for one that another reader has */
export function readerOf(body: unknown): BodyReader {
  if (!isNodeStream(body)) return (body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const parts = body[Symbol.asyncIterator]();
  return { read: () => parts.next(), cancel: async () => body.destroy() };
}
