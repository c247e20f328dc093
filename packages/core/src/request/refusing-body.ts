import type { Clock } from '../clock.js';
import * as limits from '../limits.js';
import type { BodyRule } from '../provider.js';
import { isNodeStream, readerOf } from './body-reader.js';

/**
 * Whether the body of an answer refuses the token, as a provider's rule says. A copy is read, so that the caller gets
 * the answer unread. In doubt the answer is none: it is too long or too slow, or the rule throws.
 */
export async function refusesToken(clock: Clock, rule: BodyRule, response: Response): Promise<boolean> {
  try {
    if (!isSearchable(response) || !rule.test({ status: response.status, headers: response.headers }))
      return false;
    const text = await shortText(clock, response.clone());
    return text !== undefined && rule.read(text);
  } catch {
    return false;
  }
}

function isSearchable({ headers, body }: Response): boolean {
  const isStream = /^\s*text\/event-stream\b/i.test(headers.get('content-type') ?? '');
  return Boolean(body) && !isStream && Number(headers.get('content-length') ?? 0) <= limits.searchedBodyBytes;
}

/** A body as text; undefined if it is too long, or takes too long. */
async function shortText(clock: Clock, { body }: Response): Promise<string | undefined> {
  const reader = readerOf(body);
  const mostBytes = isNodeStream(body) ? limits.searchedNodeStreamBytes : limits.searchedBodyBytes;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let isLate = false;
  const stop = (): void => void reader.cancel().catch(() => {});
  const timer = clock.setTimeout(() => {
    isLate = true;
    stop();
  }, limits.searchedBodyMs);
  try {
    for (let bytes = 0; bytes <= mostBytes; ) {
      const { value } = await reader.read();
      if (isLate) return undefined;
      if (value === undefined) return await new Blob(chunks).text();
      chunks.push(value);
      bytes += value.byteLength;
    }
    stop();
    return undefined;
  } finally {
    clock.clearTimeout(timer);
  }
}
