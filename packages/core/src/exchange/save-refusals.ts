import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { readStored } from '../records.js';
import { levelsOf } from '../refused-replays.js';
import { replaceStored } from './replace-stored.js';

/**
 * Stores beside a set what its replay has shown: that it was refused, so that the processes after this one do not
 * exchange it for the same refusal, or that it was accepted. Where another set is stored by now, or the store fails,
 * those processes find out by themselves.
 */
export async function saveRefusals(
  context: SessionContext,
  account: Account,
  tokenId: string,
): Promise<void> {
  try {
    const stored = await readStored(context);
    const { rejections: before, ...envelope } = stored.envelope;
    const rejections = levelsOf(account.facts.refusing, context.clock.monotonic());
    if (envelope.tokens?.id !== tokenId || JSON.stringify(rejections) === JSON.stringify(before)) return;
    await replaceStored(context, stored, rejections === undefined ? envelope : { ...envelope, rejections });
  } catch {
    // The session has emitted store_failed.
  }
}
