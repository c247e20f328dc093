/** Reads a body part by part; undefined at its end. */
export interface BodyReader {
  read(): Promise<{ readonly value?: Uint8Array<ArrayBuffer> | undefined }>;
  cancel(): Promise<void>;
}

/** A Node stream, which is what node-fetch has for a body. */
type NodeStream = AsyncIterable<Uint8Array<ArrayBuffer>> & { destroy?(): void };

export function isNodeStream(body: object): body is NodeStream {
  return !('getReader' in body);
}

/** @param body a web stream, or a Node stream */
export function readerOf(body: ReadableStream<Uint8Array<ArrayBuffer>> | NodeStream): BodyReader {
  if (!isNodeStream(body)) return body.getReader();
  const parts = body[Symbol.asyncIterator]();
  return { read: () => parts.next(), cancel: async () => body.destroy?.() };
}
