import type { Clock } from '../clock.js';
import * as limits from '../limits.js';
import type { BodyRule } from '../provider.js';
import { isNodeStream, readShort } from './body-reader.js';

/**
 * Whether the body of an answer refuses the token, as a provider's rule says. A copy is read, so that the caller gets
 * the answer unread. In doubt the answer is none: it is too long or too slow, or the rule throws.
 */
export async function refusesToken(clock: Clock, rule: BodyRule, response: Response): Promise<boolean> {
  try {
    const { status, headers } = response;
    // A provider's rules may be asynchronous, whatever their types say.
    if (!isSearchable(response) || !(await (rule.test({ status, headers }) as unknown))) return false;
    const { body } = response.clone();
    const mostBytes = isNodeStream(body) ? limits.searchedNodeStreamBytes : limits.searchedBodyBytes;
    const parts = await readShort(clock, body, mostBytes, limits.searchedBodyMs);
    if (parts === undefined) return false;
    return Boolean(await (rule.read(await new Blob(parts).text()) as unknown));
  } catch {
    return false;
  }
}

function isSearchable({ headers, body }: Response): boolean {
  const isStream = /^\s*text\/event-stream\b/i.test(headers.get('content-type') ?? '');
  return Boolean(body) && !isStream && Number(headers.get('content-length') ?? 0) <= limits.searchedBodyBytes;
}
