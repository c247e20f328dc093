import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { password as ask, isCancel } from '@clack/prompts';
import { exitCodes, UsageError } from '../failures.js';
import type { GlobalOptions } from '../open-accounts.js';
import { withSession } from '../with-session.js';

/** Signs in with a password from a hidden prompt, or where there is no terminal, from standard input. */
export async function login(account: string, options: GlobalOptions): Promise<void> {
  await withSession(
    account,
    options,
    async (session) => {
      const password = await readPassword(account);
      if (password === undefined) {
        process.exitCode = exitCodes.person;
        return;
      }
      await session.signIn({ password });
      process.stderr.write(`Signed in to ${account}.\n`);
    },
    true,
  );
}

const showCursor = '\u001b[?25h';

/** Undefined: the person has thought better of it. */
async function readPassword(account: string): Promise<string | undefined> {
  if (process.stdin.isTTY === true) {
    // Ctrl-D ends the prompt's input, and not the prompt.
    const ended = once(process, 'beforeExit').then(() => undefined);
    const asked = ask({ message: `Password for ${account}`, output: process.stderr });
    const answer = await Promise.race([asked, ended]);
    if (answer === undefined) process.stderr.write(showCursor);
    return isCancel(answer) ? undefined : answer;
  }
  const password = (await text(process.stdin)).replace(/\r?\n$/, '');
  if (password === '') throw new UsageError('standard input: expected the password');
  return password;
}
