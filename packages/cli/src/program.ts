import { constants } from 'node:os';
import { Command, CommanderError, Option } from 'commander';
import { beforeCommand, exitCodeOf, exitCodes, messageOf } from './failures.js';

/** Runs the command line, and sets the exit code. Each command's own code is loaded when it is called. */
export async function run(args: readonly string[]): Promise<void> {
  process.stdout.on('error', endWithoutOutput);
  // Whoever reads what is told is gone: the work goes on.
  process.stderr.on('error', () => {});
  try {
    await programOf().parseAsync([...args], { from: 'user' });
  } catch (error) {
    tell(error);
  }
}

/** Whoever reads the output is gone, as with `| head`, or it cannot be written. */
function endWithoutOutput({ code }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(128 + constants.signals.SIGPIPE);
  process.stderr.write(`auth: standard output: ${code}\n`);
  process.exit(exitCodes.later);
}

/** All commands. */
export function programOf(): Command {
  const program = new Command('auth')
    .description('Tokens for shells, for other languages and for tools.')
    .helpCommand(false)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'auth: ')) })
    .exitOverride();

  command(program, 'token <account>', 'print a token that is valid now', 'auth token joor --min-valid 15m')
    .option('--min-valid <time>', 'so much life is to be left: 90s, 15m, 2h')
    .option('--force', 'fetch another one, although the one in the store is good')
    .option('--json', 'with its type and its end')
    .addOption(new Option('--credential <kind>', 'as credential plugins print it').choices(['exec']))
    .action(async (account, options) => (await import('./commands/token.js')).token(account, options));
  command(
    program,
    'headers <account> <url>',
    'print the headers for a URL',
    'auth headers joor $URL | curl -H @- $URL',
  ).action(async (account, url, options) =>
    (await import('./commands/headers.js')).headers(account, url, options),
  );
  command(
    program,
    'curl <account> <url> [options...]',
    'run curl with a token',
    'auth curl joor $URL -- --fail -o orders.json',
  ).action(async (account, url, args, options) =>
    (await import('./commands/curl.js')).curl(account, url, args, options),
  );
  command(
    program,
    'exec <account> <command> [args...]',
    'run a command with AUTH_TOKEN and AUTH_PROXY_URL',
    'auth exec joor -- python3 report.py',
  )
    .option('--target <origin>', 'the origin behind AUTH_PROXY_URL')
    .showHelpAfterError('The options of the command come after a --: auth exec joor -- sh -c …')
    .exitOverride((error) => {
      throw error.exitCode === 0
        ? error
        : new CommanderError(beforeCommand.noToken, error.code, error.message);
    })
    .action(async (account, name, args, options) =>
      (await import('./commands/exec.js')).exec(account, [name, ...args], options),
    );
  listening(command(program, 'proxy <account>', 'forward to the API with tokens attached', 'auth proxy joor'))
    .option('--target <origin>', 'the API; may be left out where the account has one')
    .action(async (account, options) => (await import('./commands/proxy.js')).proxy(account, options));
  listening(
    command(program, 'serve', 'answer GET /token/ACCOUNT', 'auth serve --listen 127.0.0.1:4180'),
  ).action(async (options) => (await import('./commands/serve.js')).serve(options));
  command(program, 'login <account>', 'sign in with a password', 'auth login joor').action(
    async (account, options) => (await import('./commands/login.js')).login(account, options),
  );
  command(program, 'logout <account>', 'sign out, for everybody who shares the store', 'auth logout joor')
    .option('--forget', 'also with a record that the keychain’s key does not open any more')
    .action(async (account, options) => (await import('./commands/logout.js')).logout(account, options));
  command(program, 'status [account]', 'show how each account is', 'auth status --watch')
    .option('--watch', 'again each second')
    .option('--json', 'for programs')
    .action(async (account, options) => (await import('./commands/status.js')).status(account, options));
  command(program, 'list', 'print the names of the accounts', 'auth list').action(async (options) =>
    (await import('./commands/list.js')).list(options),
  );
  command(program, 'doctor <account>', 'look at all that a login needs', 'auth doctor joor --try')
    .option('--try', 'log in once')
    .action(async (account, options) => (await import('./commands/doctor.js')).doctor(account, options));
  program
    .command('completion <shell>')
    .description('print completions for bash, zsh or fish')
    .addHelpText('after', '\nExample:\n  source <(auth completion bash)')
    .action(async (shell) => (await import('./commands/completion.js')).completion(shell, program));
  return program;
}

/** A command with the options of all, and an example in its help. */
function command(program: Command, usage: string, description: string, example: string): Command {
  return program
    .command(usage)
    .description(description)
    .option('--config <path>', 'the file with the accounts')
    .option('--env-file <path>', 'variables to read first')
    .option('--keychain', 'keep tokens encrypted, the key in the system’s keychain')
    .addHelpText('after', `\nExample:\n  ${example}`);
}

function listening(command: Command): Command {
  return command
    .option('--listen <place>', 'unix:PATH or 127.0.0.1:PORT; default: a socket that only you can reach')
    .option('--key-in-path', 'for clients that cannot send a header: other users may read the key');
}

/** What went wrong goes to standard error, in a line; what it was, into the exit code. */
function tell(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 1 ? exitCodes.usage : error.exitCode;
    return;
  }
  process.stderr.write(`auth: ${messageOf(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
