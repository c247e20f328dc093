import type { Session } from './accounts.js';
import { type GlobalOptions, openAccount } from './open-accounts.js';

/** What a program ends with that a signal has ended. */
const signalled = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs a command with an account's session, and closes it: a refresh under way ends first, also after SIGINT and SIGTERM,
 * within ten seconds.
 */
export async function withSession<Result>(
  account: string,
  options: GlobalOptions,
  work: (session: Session) => Promise<Result>,
  fromHere?: boolean,
): Promise<Result> {
  const session = await openAccount(account, options, fromHere);
  const end = (signal: keyof typeof signalled): void => {
    void session.close().then(() => process.exit(signalled[signal]));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end);
  try {
    return await work(session);
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end);
    await session.close();
  }
}
