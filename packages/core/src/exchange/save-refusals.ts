import type { Account } from '../account.js';
import type { SessionContext } from '../context.js';
import { readStored } from '../records.js';
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
    const { rejections, rejectedBy, tokens } = stored.envelope;
    const after = account.facts.refusing.toRecord(context.clock, tokenId);
    const isKnown =
      JSON.stringify([after.rejections, after.rejectedBy]) === JSON.stringify([rejections, rejectedBy]);
    if (tokens?.id !== tokenId || isKnown) return;
    await replaceStored(context, stored, { ...stored.envelope, ...after });
  } catch {
    // The session has emitted store_failed.
  }
}
