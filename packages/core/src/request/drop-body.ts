import * as limits from '../limits.js';
import { type BodyReader, readerOf } from './body-reader.js';

/** Frees the connection of an answer that nobody will read: a short body is read to its end, any other is cancelled. */
export async function dropBody({ body }: Response): Promise<void> {
  if (!body) return;
  let reader: BodyReader;
  try {
    reader = readerOf(body);
  } catch {
    // No stream, or the transport has read it already: nothing is held.
    return;
  }
  const cancel = (): void => void reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, limits.droppedBodyMs);
  try {
    for (let bytes = 0; bytes <= limits.droppedBodyBytes; ) {
      const { value } = await reader.read();
      if (value === undefined) return;
      bytes += value.byteLength;
    }
    cancel();
  } catch {
    // The connection has broken, which frees it too.
  } finally {
    clearTimeout(timer);
  }
}
