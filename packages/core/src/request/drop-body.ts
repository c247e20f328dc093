import * as limits from '../limits.js';

/** Frees the connection of an answer that nobody will read: a short body is read to its end, any other is cancelled. */
export async function dropBody({ body }: Response): Promise<void> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  const cancel = (): void => void reader.cancel().catch(() => {});
  const timer = setTimeout(cancel, limits.droppedBodyMs);
  try {
    for (let bytes = 0; bytes <= limits.droppedBodyBytes; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
    cancel();
  } catch {
    // The connection has broken, which frees it too.
  } finally {
    clearTimeout(timer);
  }
}
