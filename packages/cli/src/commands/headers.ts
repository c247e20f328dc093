import type { GlobalOptions } from '../open-accounts.js';
import { withSession } from '../with-session.js';

/** Prints the headers for a URL, as `curl -H @-` reads them. Refuses a URL whose origin may not see the token. */
export async function headers(account: string, url: string, options: GlobalOptions): Promise<void> {
  await withSession(account, options, async (session) => {
    for (const [name, value] of await session.getHeaders(url)) process.stdout.write(`${name}: ${value}\n`);
  });
}
