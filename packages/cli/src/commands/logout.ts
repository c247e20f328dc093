import type { GlobalOptions } from '../open-accounts.js';
import { withSession } from '../with-session.js';

/** Signs out, here and for everybody who shares the store; ends the session at the server where it can be ended. */
export async function logout(account: string, options: GlobalOptions): Promise<void> {
  await withSession(account, options, (session) => session.signOut(), true);
  process.stderr.write(`Signed out of ${account}.\n`);
}
