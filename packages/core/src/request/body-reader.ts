import type { Clock } from '../clock.js';

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

/**
 * The parts of a body that is short and comes soon; any other is cancelled, and undefined.
 *
 * @throws as {@link readerOf} does, and what the body throws
 */
export async function readShort(
  clock: Clock,
  body: unknown,
  mostBytes: number,
  limitMs: number,
): Promise<Uint8Array<ArrayBuffer>[] | undefined> {
  const reader = readerOf(body);
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let isLate = false;
  const stop = (): void => void reader.cancel().catch(() => {});
  const timer = clock.setTimeout(() => {
    isLate = true;
    stop();
  }, limitMs);
  try {
    for (let bytes = 0; bytes <= mostBytes; ) {
      const { value } = await reader.read();
      if (isLate) return undefined;
      if (value === undefined) return parts;
      parts.push(value);
      bytes += value.byteLength;
    }
    stop();
    return undefined;
  } finally {
    clock.clearTimeout(timer);
  }
}

/** @throws TypeError for a body that is no stream, as that of a test's double, and for one that another reader has */
export function readerOf(body: unknown): BodyReader {
  if (!isNodeStream(body)) return (body as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const parts = body[Symbol.asyncIterator]();
  return { read: () => parts.next(), cancel: async () => body.destroy() };
}
