import { constants } from 'node:os';
import type { Session } from './accounts.js';
import { type GlobalOptions, openAccount } from './open-accounts.js';

/** What ends a program: from a terminal, from another program, and when the terminal is closed. */
export const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a program ends with that a signal has ended. */
export function exitCodeAfter(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

/** Runs a command with an account's session, and closes it. */
export async function withSession<Result>(
  account: string,
  options: GlobalOptions,
  work: (session: Session) => Promise<Result>,
  fromHere?: boolean,
): Promise<Result> {
  const session = await openAccount(account, options, fromHere);
  return closingOnSignal(session, async () => {
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  });
}

/** While `work` runs, a signal closes the session before the program ends: a refresh under way ends first, within ten seconds. */
export async function closingOnSignal<Result>(
  session: Session,
  work: () => Promise<Result>,
): Promise<Result> {
  let isEnding = false;
  const end = (signal: NodeJS.Signals): void => {
    isEnding = true;
    void session.close().then(() => process.exit(exitCodeAfter(signal)));
  };
  for (const signal of endingSignals) process.once(signal, end);
  try {
    return await work();
  } finally {
    // The program ends with the session: nothing that comes after the work begins any more.
    if (isEnding) await new Promise(() => {});
    for (const signal of endingSignals) process.off(signal, end);
  }
}
