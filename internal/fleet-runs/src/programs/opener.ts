/** A program that opens a session for each account, in an order of its own, and asks each for a token. */
import { type AuthSession, isAuthError } from '@auth/core';
import { leaseMs, openAccount, refs } from '../accounts.ts';
import { openEngine } from '../engine.ts';
import type { FleetCommand, FleetMessage, FleetOptions } from '../messages.ts';
import { count, nothing } from '../report.ts';
import { usage } from '../usage.ts';

const options = JSON.parse(process.argv[2] ?? '') as FleetOptions;
const { store } = await openEngine(options.engine, leaseMs);
const sessions: AuthSession[] = [];
const errors: Record<string, number> = {};
tell({ say: 'ready' });

async function openAll(atOnce: number): Promise<void> {
  const order = refs(options.accounts)
    .map((ref) => ({ ref, place: Math.random() }))
    .sort((left, right) => left.place - right.place);
  while (order.length > 0) await Promise.all(order.splice(0, atOnce).map(({ ref }) => open(ref)));
}

async function open(ref: string): Promise<void> {
  const session = openAccount(ref, { ...options, store, sender: 'opener' });
  sessions.push(session);
  try {
    await session.getTokens();
  } catch (error) {
    count(errors, isAuthError(error) ? error.code : String(error));
  }
}

process.on('message', async (command: FleetCommand) => {
  if (command.do === 'open') {
    await openAll(command.atOnce);
    return tell({ say: 'done' });
  }
  const report = { calls: sessions.length, errors };
  tell({ say: 'report', report: { ...nothing, ...report, ...usage() } });
});
process.on('disconnect', () => process.exit());

function tell(message: FleetMessage): void {
  process.send?.(message);
}
