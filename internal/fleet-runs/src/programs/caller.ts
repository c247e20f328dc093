/** A program that uses half of the accounts, as applications do: sessions with their own timers, calls all the time. */
import { type AuthSession, isAuthError } from '@auth/core';
import { leaseMs, openAccount, usedBy } from '../accounts.ts';
import { openEngine } from '../engine.ts';
import { options, serve } from '../program.ts';
import { count } from '../report.ts';

const { store } = await openEngine(options.engine, leaseMs);
const sessions: AuthSession[] = usedBy(options.accounts).map((ref) =>
  openAccount(ref, { ...options, store, sender: 'caller' }),
);
const waitsMs: number[] = [];
const errors: Record<string, number> = {};
let calls = 0;
/** All accounts are asked for once in so long. */
const roundMs = Math.min(5_000, options.lifeMs / 4);
let next = 0;

async function ask(session: AuthSession): Promise<void> {
  const began = performance.now();
  calls++;
  try {
    await session.getTokens();
  } catch (error) {
    count(errors, isAuthError(error) ? error.code : String(error));
  }
  const waitedMs = performance.now() - began;
  if (waitedMs > 1) waitsMs.push(waitedMs);
}

setInterval(() => {
  for (let count = Math.ceil((sessions.length * 20) / roundMs); count > 0; count--)
    ask(sessions[next++ % sessions.length] as AuthSession);
}, 20);

serve(() => ({ calls, waitsMs: waitsMs.splice(0), errors }));
