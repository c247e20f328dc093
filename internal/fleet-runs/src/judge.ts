import { usedBy } from './accounts.ts';
import type { FleetResult } from './fleet.ts';
import { awayMsOf, longestWaitMs, type RunOptions } from './run-fleet.ts';

/**
 * After an outage all accounts are served within 30 s of the first success; until then a run comes each 5 to 10 s. A dead
 * worker's jobs come back within 30 s.
 */
const backWithinMs = 40_000;

/** A run's figures, as they are printed. */
export type Figures = Readonly<Record<string, number | string>>;

/** What was not as it must be; empty: all of it was. */
export function judge(options: RunOptions, { ledger, fleet }: FleetResult): string[] {
  const { trouble, accounts, durationMs, lifeMs } = options;
  const faults: string[] = [];
  const expect = (holds: boolean, what: string): void => {
    if (!holds) faults.push(what);
  };
  // An answer that nobody heard costs a spent token presented again, and a login.
  const lost = Math.max(ledger.reuse, ledger.logins);
  const without = Object.values(ledger.withoutMs).filter((ms) => ms > 0).length;
  const worstWait = Math.max(0, ...fleet.waitsMs);
  expect(ledger.unknown === 0, `${ledger.unknown} refresh tokens that the server never issued`);
  expect(ledger.rotations >= (accounts * durationMs) / lifeMs / 2, `only ${ledger.rotations} renewals`);
  if (trouble === 'killed workers')
    expect(
      lost <= ledger.unheard,
      `${ledger.reuse} reuses, ${ledger.logins} logins for ${ledger.unheard} answers that nobody heard`,
    );
  else if (trouble === 'engine emptied') {
    const used = usedBy(accounts);
    const again = ledger.loggedIn.filter((name) => used.includes(name)).length;
    expect(again === 0, `${again} accounts logged in whose tokens a program held`);
    expect(ledger.reuse === 0, `${ledger.reuse} spent tokens were used again`);
    expect(
      ledger.logins <= accounts - used.length + ledger.unheard,
      `${ledger.logins} logins for ${accounts - used.length} accounts that nobody held`,
    );
  } else expect(lost === 0, `${ledger.reuse} spent tokens were used again, ${ledger.logins} logins`);
  if (trouble === 'none') {
    expect(without === 0, `${without} accounts were without a living token`);
    expect(ledger.early === 0, `${ledger.early} renewals in the first half of a life`);
    expect(Object.keys(fleet.errors).length === 0, `errors: ${JSON.stringify(fleet.errors)}`);
  }
  const longestWithout = Math.max(0, ...Object.values(ledger.withoutMs));
  const awayMs = trouble === 'server away' ? awayMsOf(options) : 0;
  expect(
    longestWithout <= awayMs + backWithinMs,
    `an account had no living token for ${Math.round(longestWithout)} ms`,
  );
  if (trouble === 'none' || trouble === 'killed workers')
    expect(worstWait <= longestWaitMs(options), `a caller waited ${Math.round(worstWait)} ms`);
  return faults;
}

export function figuresOf(options: RunOptions, { ledger, fleet }: FleetResult): Figures {
  const used = new Set(usedBy(options.accounts));
  const without = (isUsed: boolean): number[] =>
    Object.entries(ledger.withoutMs)
      .filter(([name, ms]) => ms > 0 && used.has(name) === isUsed)
      .map(([, ms]) => ms);
  return {
    rotations: ledger.rotations,
    logins: ledger.logins,
    reuse: ledger.reuse,
    'answers that nobody heard': ledger.unheard,
    'sent by': JSON.stringify(ledger.bySender),
    'most token calls in a second': ledger.mostInASecond,
    'unasked accounts without a living token, at times': without(false).length,
    'longest such time, ms': Math.round(at(without(false), 1)),
    'accounts in use without a living token, at times': without(true).length,
    'longest such time of these, ms': Math.round(at(without(true), 1)),
    'runs of jobs': fleet.runs,
    'runs that failed': fleet.failed,
    'lateness p50, p99, most, ms': [0.5, 0.99, 1]
      .map((share) => Math.round(at(fleet.lateMs, share)))
      .join(', '),
    'calls for a token': fleet.calls,
    'of these waited': fleet.waitsMs.length,
    'longest wait, ms': Math.round(at(fleet.waitsMs, 1)),
    errors: JSON.stringify(fleet.errors),
  };
}

function at(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
