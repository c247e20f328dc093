import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TokenSet } from '@auth/core';
import type { Session } from '../accounts.js';
import { UsageError, urlIn } from '../failures.js';
import type { GlobalOptions } from '../open-accounts.js';
import { ownFolder } from '../own-folder.js';
import { exitCodeAfter, withSession } from '../with-session.js';
import { type CurlOptions, checkCurlOptions } from './curl-options.js';

/**
 * Runs curl with the account's token. The token travels by a file that has no name any more, so that no list of processes
 * shows it, and standard input stays the user's. A request whose token is refused is repeated once with another, unless its
 * body can be read only once. The exit code is curl's.
 */
export async function curl(
  account: string,
  written: string,
  args: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  const known = checkCurlOptions(args);
  // curl reads some texts as another URL than the session does: both get what the session has read.
  const url = urlIn(written).href;
  // Without what `--env-file` brings: secrets among them.
  const environment = { ...process.env };
  const start = (session: Session): Promise<Attempt> => Attempt.start(session, url, args, known, environment);
  process.exitCode = await withSession(account, options, async (session) => {
    const first = await start(session);
    const another = await first.replacement(session).catch(async (error) => {
      // What was read from standard input is gone, so the answer is printed, whatever becomes of the token.
      if (known.readsInput) return undefined;
      await first.discard();
      throw error;
    });
    if (another === undefined || known.readsInput) return first.finish();
    await first.discard();
    const second = await start(session);
    await second.replacement(session).catch(() => {});
    return second.finish();
  });
}

/** One run of curl. What it prints is held back until the session has judged the answer. */
class Attempt {
  readonly #tokens: TokenSet<unknown>;
  readonly #answer: Answer;
  readonly #output: Readable;
  readonly #stop: () => void;
  readonly #ended: Promise<number>;

  private constructor(
    tokens: TokenSet<unknown>,
    answer: Answer,
    output: Readable,
    stop: () => void,
    ended: Promise<number>,
  ) {
    this.#tokens = tokens;
    this.#answer = answer;
    this.#output = output;
    this.#stop = stop;
    this.#ended = ended;
  }

  static async start(
    session: Session,
    url: string,
    args: readonly string[],
    { followsRedirects }: CurlOptions,
    env: NodeJS.ProcessEnv,
  ): Promise<Attempt> {
    const token = new Headers();
    const tokens = await session.attach(url, token);
    const names = [...token.keys()];
    // curl takes Authorization off where a redirect leaves the host, and no other header.
    if (followsRedirects && names.some((name) => name !== 'authorization'))
      throw new UsageError(
        `--location: curl would hand ${names.join(', ')} on to whatever host a redirect names`,
      );
    // curl does not see that its output ends at a terminal.
    const quiet = process.stdout.isTTY === true ? ['--no-progress-meter'] : [];
    const files = new NamelessFiles();
    try {
      const config = files.add(configOf(token));
      const head = files.add('');
      // Without the user's .curlrc, which may name URLs and proxies, and without patterns in the URL.
      const own = ['--disable', '--globoff', '--config', '/dev/fd/3', '--dump-header', '/dev/fd/4'];
      // A proxy would read the token where no TLS hides it.
      const direct = url.startsWith('http:') ? ['--noproxy', '*'] : [];
      // What has come of a slow answer is handed on at once.
      const child = spawn('curl', [...own, '--no-buffer', ...quiet, ...args, ...direct, '--', url], {
        stdio: ['inherit', 'pipe', 'inherit', config, head],
        env,
      });
      const stop = (): void => void child.kill();
      process.once('exit', stop);
      const ended = once(child, 'close').then(
        ([code, signal]) => {
          process.off('exit', stop);
          return (code as number | null) ?? exitCodeAfter(signal);
        },
        ({ code }: NodeJS.ErrnoException) => {
          throw new UsageError(code === 'ENOENT' ? 'curl is not installed' : `curl: ${code}`);
        },
      );
      // Of a pipe of its own nothing is lost: of the child's, Node drops what nobody has read when the child ends.
      const output = (child.stdout as Readable).pipe(new PassThrough());
      // With the first byte of the body the headers are complete.
      await Promise.race([once(output, 'readable'), ended]);
      return new Attempt(tokens, answerOf(files.read(head), url), output, stop, ended);
    } finally {
      files.close();
    }
  }

  /** Another set, where the API has refused the token; also tells the session what became of a replay. */
  async replacement(session: Session): Promise<TokenSet<unknown> | undefined> {
    // Nothing was answered, and curl says why; or another host answered, to which curl has sent no token.
    if (this.#answer.status === 0 || this.#answer.isElsewhere) return undefined;
    return session.tokenRejected(this.#tokens, this.#answer);
  }

  /** Prints what was held back, and the rest. Returns curl's exit code. */
  async finish(): Promise<number> {
    await pipeline(this.#output, process.stdout, { end: false });
    return this.#ended;
  }

  /** Ends curl, whose answer may never end. */
  async discard(): Promise<void> {
    this.#stop();
    this.#output.resume();
    await this.#ended;
  }
}

/** Files that are open and have no name: whoever inherits the descriptor can read them, and nobody else. */
class NamelessFiles {
  readonly #open: number[] = [];

  add(text: string): number {
    const folder = ownFolder();
    const file = openSync(join(folder, 'file'), 'wx+', 0o600);
    rmSync(folder, { recursive: true });
    this.#open.push(file);
    writeSync(file, text, 0);
    return file;
  }

  read(file: number): string {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(size);
    readSync(file, bytes, 0, size, 0);
    return bytes.toString('latin1');
  }

  close(): void {
    for (const file of this.#open) closeSync(file);
  }
}

/** curl's configuration file: quotes and backslashes are escaped. */
function configOf(token: Headers): string {
  const lines = [...token].map(([name, value]) => {
    const header = `${name}: ${value}`.replaceAll(/["\\]/g, '\\$&');
    return `header = "${header}"`;
  });
  return `${lines.join('\n')}\n`;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly url: string;
  readonly redirected: boolean;
  /** It came from another origin than the one that was called. */
  readonly isElsewhere: boolean;
}

/** The last answer of those that curl has seen, and the URL that gave it: redirects that it follows come before. */
function answerOf(text: string, url: string): Answer {
  const answers = text.trimEnd().split('\r\n\r\n').map(parsed);
  const last = answers.at(-1) ?? parsed('');
  let from = url;
  for (const { status, headers } of answers.slice(0, -1)) {
    const location = headers.get('location');
    if (status >= 300 && location !== null && URL.canParse(location, from))
      from = new URL(location, from).href;
  }
  const isElsewhere = new URL(from).origin !== new URL(url).origin;
  return { ...last, url: from, redirected: from !== url, isElsewhere };
}

function parsed(block: string): { readonly status: number; readonly headers: Headers } {
  const [first = '', ...lines] = block.split('\r\n');
  const pairs = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const headers = new Headers(pairs.filter(([name]) => /^[\w-]+$/.test(name)));
  return { status: Number(/^HTTP\/[\d.]+ (\d+)/.exec(first)?.[1] ?? 0), headers };
}
