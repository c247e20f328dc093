import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { findAuthError } from '@auth/core';
import type { Session } from '../accounts.js';
import { UsageError } from '../exit-codes.js';
import { type GlobalOptions, openAccount } from '../open-accounts.js';
import { startProxy } from '../server/start-proxy.js';

export interface ExecOptions extends GlobalOptions {
  readonly target?: string;
}

/** As shells have it: what went wrong before the command ran. */
const before = { noToken: 125, notExecutable: 126, notFound: 127 } as const;

/**
 * Runs a command with a token in AUTH_TOKEN, and in AUTH_PROXY_URL the address of a proxy that attaches fresh tokens for as long
 * as the command runs. Signals go to the command, and its exit code is ours.
 */
export async function exec(
  account: string,
  [command, ...args]: readonly string[],
  options: ExecOptions,
): Promise<void> {
  try {
    if (command === undefined) throw new UsageError('expected a command');
    const session = await openAccount(account, options, true);
    try {
      process.exitCode = await runWithToken(session, options.target, command, args);
    } finally {
      await session.close();
    }
  } catch (error) {
    const { message } = findAuthError(error) ?? (error as Error);
    process.stderr.write(`auth: ${message}\n`);
    process.exitCode = before.noToken;
  }
}

async function runWithToken(
  session: Session,
  target: string | undefined,
  command: string,
  args: readonly string[],
): Promise<number> {
  const { accessToken } = await session.getTokens();
  const environment = { ...process.env, AUTH_TOKEN: accessToken };
  const proxy = await ownProxy(session, target);
  if (proxy === undefined) return run(command, args, environment);
  try {
    return await run(command, args, { ...environment, AUTH_PROXY_URL: proxy.listening.address });
  } finally {
    proxy.server.closeAllConnections();
    proxy.server.close();
  }
}

/** Without a target, where the account has several origins, there is no proxy. */
async function ownProxy(
  session: Session,
  target: string | undefined,
): Promise<Awaited<ReturnType<typeof startProxy>> | undefined> {
  try {
    return await startProxy(session, target, { listen: '127.0.0.1:0', isKeyInPath: true });
  } catch (error) {
    if (target !== undefined || !(error instanceof UsageError)) throw error;
    return undefined;
  }
}

async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;
  // Before the command starts: a signal may come as soon as it runs. Listeners are called in a later turn.
  for (const signal of signals) process.on(signal, pass);
  const child = spawn(command, args, { stdio: 'inherit', env });
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code ?? 128 + constants.signals[signal as NodeJS.Signals];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    process.stderr.write(`auth: ${command}: ${code === 'ENOENT' ? 'not found' : code}\n`);
    return code === 'ENOENT' ? before.notFound : before.notExecutable;
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
