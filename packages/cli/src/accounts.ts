import type { AuthSession, MaybePromise } from '@auth/core';

/** A session of any provider. */
export type Session = AuthSession<unknown>;

/** How to open the sessions, by the names of their accounts. */
export type Accounts = Readonly<Record<string, () => MaybePromise<Session>>>;

/**
 * The accounts of an `auth.config.ts`: its default export. A session is opened when its account is asked for.
 *
 * @example export default defineAccounts({ joor: () => createJoorAuth({ ...joorFromEnv(), store: fileStore() }) })
 */
export function defineAccounts<Named extends Accounts>(accounts: Named): Named {
  return accounts;
}
