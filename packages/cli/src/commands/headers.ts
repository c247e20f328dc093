import { urlIn } from '../failures.js';
import type { GlobalOptions } from '../open-accounts.js';
import { withSession } from '../with-session.js';

/** Prints the headers for a URL, as `curl -H @-` reads them. Refuses a URL whose origin may not see the token. */
export async function headers(account: string, written: string, options: GlobalOptions): Promise<void> {
  const url = urlIn(written);
  await withSession(account, options, async (session) => {
    for (const [name, value] of await session.getHeaders(url)) process.stdout.write(`${name}: ${value}\n`);
  });
}
