/** A program that opens a session for each account, in an order of its own, and asks each for a token. */
import { type AuthSession, isAuthError } from '@auth/core';
import { leaseMs, openAccount, refs } from '../accounts.ts';
import { openEngine } from '../engine.ts';
import { options, serve } from '../program.ts';
import { count } from '../report.ts';

const { store } = await openEngine(options.engine, leaseMs);
const sessions: AuthSession[] = [];
const errors: Record<string, number> = {};

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

serve(() => ({ calls: sessions.length, errors }), openAll);
