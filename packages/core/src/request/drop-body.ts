import { systemClock } from '../clock.js';
import * as limits from '../limits.js';
import { readShort } from './body-reader.js';

/** Frees the connection of an answer that nobody will read: a short body is read to its end, any other is cancelled. */
export async function dropBody({ body }: Response): Promise<void> {
  try {
    if (body) await readShort(systemClock, body, limits.droppedBodyBytes, limits.droppedBodyMs);
  } catch {
    // No stream, read by the transport already, or broken: nothing is held.
  }
}
