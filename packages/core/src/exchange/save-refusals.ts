import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { readStored } from '../records.js';
import { levelsOf } from '../refused-replays.js';
import { replaceStored } from './replace-stored.js';

/**
 * Stores beside a set that its replay was refused, so that the processes after this one do not exchange it for the same
 * refusal. Where another set is stored by now, or the store fails, that process finds out by itself.
 */
export async function saveRefusals(
  context: SessionContext,
  account: Account,
  tokenId: string,
): Promise<void> {
  try {
    const stored = await readStored(context);
    const rejections = levelsOf(account.facts.refusing, context.clock.monotonic());
    if (stored.envelope.tokens?.id !== tokenId || rejections === undefined) return;
    await replaceStored(context, stored, { ...stored.envelope, rejections });
  } catch {
    // The session has emitted store_failed.
  }
}
