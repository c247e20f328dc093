import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Session } from '../accounts.js';
import { beforeCommand, messageOf, UsageError } from '../failures.js';
import { type GlobalOptions, openAccount } from '../open-accounts.js';
import type { Listening } from '../server/listening.js';
import { startProxy } from '../server/start-proxy.js';
import { closingOnSignal, exitCodeAfter } from '../with-session.js';

export interface ExecOptions extends GlobalOptions {
  readonly target?: string;
}

/** A program's name, and what it is called with. */
type Command = readonly [string, ...string[]];

/**
 * Runs a command with a token in AUTH_TOKEN, and in AUTH_PROXY_URL the address of a proxy that attaches fresh tokens for as long
 * as the command runs. Signals go to the command, but for those that a terminal sends to it too; its exit code is ours.
 */
export async function exec(
  account: string,
  [command, ...args]: readonly string[],
  options: ExecOptions,
): Promise<void> {
  // Without what `--env-file` brings: secrets among them.
  const inherited = { ...process.env };
  try {
    if (command === undefined) throw new UsageError('expected a command');
    const session = await openAccount(account, options, true);
    try {
      process.exitCode = await runWithToken(session, options.target, [command, ...args], inherited);
    } finally {
      await session.close();
    }
  } catch (error) {
    process.stderr.write(`auth: ${messageOf(error)}\n`);
    process.exitCode = beforeCommand.noToken;
  }
}

async function runWithToken(
  session: Session,
  target: string | undefined,
  command: Command,
  inherited: NodeJS.ProcessEnv,
): Promise<number> {
  const { accessToken } = await closingOnSignal(session, () => session.getTokens());
  const environment = { ...inherited, AUTH_TOKEN: accessToken };
  const proxy = await ownProxy(session, target);
  if (proxy === undefined) return run(command, environment);
  try {
    return await run(command, { ...environment, AUTH_PROXY_URL: proxy.address });
  } finally {
    await proxy.close(0);
  }
}

/** Without a target, where the account has several origins, there is no proxy. */
async function ownProxy(session: Session, target: string | undefined): Promise<Listening | undefined> {
  try {
    return await startProxy(session, target, { listen: '127.0.0.1:0', isKeyInPath: true });
  } catch (error) {
    if (target !== undefined || !(error instanceof UsageError)) throw error;
    return undefined;
  }
}

async function run([command, ...args]: Command, env: NodeJS.ProcessEnv): Promise<number> {
  const pass = (signal: NodeJS.Signals): void => {
    // A terminal signals the command as well, and two interrupts mean more than one.
    const isFromTerminal = process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT');
    if (!isFromTerminal) child?.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const;
  // Before the command starts: a signal may come as soon as it runs. Listeners are called in a later turn.
  for (const signal of signals) process.on(signal, pass);
  let child: ChildProcess | undefined;
  try {
    child = spawn(command, args, { stdio: 'inherit', env });
    await once(child, 'spawn');
    // A signal that the command may not get, since it runs as another user: it goes on, and so do we.
    child.on('error', () => {});
    const { promise: exit, resolve } = Promise.withResolvers<[number | null, NodeJS.Signals | null]>();
    child.once('exit', (...ended) => resolve(ended));
    const [code, signal] = await exit;
    return code ?? exitCodeAfter(signal as NodeJS.Signals);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    process.stderr.write(`auth: ${command}: ${code === 'ENOENT' ? 'not found' : code}\n`);
    return code === 'ENOENT' ? beforeCommand.notFound : beforeCommand.notExecutable;
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
