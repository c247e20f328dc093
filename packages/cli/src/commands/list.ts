import { accountsOf, type GlobalOptions } from '../open-accounts.js';

/** Prints the names of the accounts, one a line. */
export async function list(options: GlobalOptions): Promise<void> {
  const accounts = await accountsOf(options, process.stdin.isTTY === true);
  for (const name of Object.keys(accounts)) process.stdout.write(`${name}\n`);
}
