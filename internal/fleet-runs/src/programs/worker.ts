/** A keeper in a process of its own. */
import type { AuthSession } from '@auth/core';
import { createKeeper } from '@auth/fleet';
import { leaseMs, openAccount, refOf } from '../accounts.ts';
import { openEngine } from '../engine.ts';
import type { Planted } from '../messages.ts';
import { options, serve } from '../program.ts';
import { count } from '../report.ts';

const { queue, store } = await openEngine(options.engine, leaseMs);
const lateMs: number[] = [];
const errors: Record<string, number> = {};
const sentBySecond: Record<number, number> = {};
const onCall = (): void => count(sentBySecond, Math.floor(Date.now() / 1_000));
let sweeps = 0;

const keeper = createKeeper({
  queue,
  open: (ref) =>
    planted(openAccount(ref, { ...options, store, sender: 'keeper', onCall }, null), options.planted),
  accounts: async function* () {
    for (let index = 0; index < options.accounts; index++) yield refOf(index);
  },
  sweepSpreadMs: options.sweepSpreadMs ?? options.lifeMs / 4,
  perIssuer: options.perIssuer,
  onEvent: (event) => {
    if (event.type === 'ran') lateMs.push(event.lateMs);
    if (event.type === 'swept') sweeps++;
    if (event.type === 'run_failed') count(errors, event.reason);
    if (event.type === 'needs_person') count(errors, event.state);
  },
});
await keeper.start();

serve(() => {
  const { ran, failed } = keeper.status();
  return { runs: ran, failed, lateMs: lateMs.splice(0), sweeps, sentBySecond, errors };
});

/** The session, with a bug that the judge must find. */
function planted(session: AuthSession, bug: Planted | undefined): AuthSession {
  if (bug === undefined) return session;
  const maintain = session.maintain.bind(session);
  return Object.assign(session, {
    async maintain(how: Parameters<AuthSession['maintain']>[0]) {
      const { state } = await session.status();
      if (bug === 'never renews' && state !== 'idle') return { state, nextAt: Date.now() + 1_000 };
      const found = await maintain(how);
      if (bug === 'never renews') return found;
      await session.getTokens({ forceRefresh: true });
      return found;
    },
  });
}
