import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { TokenSet } from '@auth/core';
import type { Session } from '../accounts.js';
import { UsageError } from '../exit-codes.js';
import type { GlobalOptions } from '../open-accounts.js';
import { withSession } from '../with-session.js';
import { type CurlOptions, checkCurlOptions } from './curl-options.js';

/**
 * Runs curl with the account's token. The token travels by a file that has no name any more, so that no list of processes
 * shows it, and standard input stays the user's. A refused request is repeated once with another token, unless its body came from
 * standard input. The exit code is curl's.
 */
export async function curl(
  account: string,
  written: string,
  args: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  const known = checkCurlOptions(args);
  if (!URL.canParse(written)) throw new UsageError(`${written}: expected a URL`);
  // curl reads some texts as another URL than the session does: both get what the session has read.
  const url = new URL(written).href;
  await withSession(account, options, async (session) => {
    const first = await attempt(session, url, args, known, !known.readsInput);
    if (first.isPassedOn) {
      process.exitCode = first.exitCode;
      return;
    }
    const another = await session.tokenRejected(first.tokens, {
      status: first.status,
      headers: first.headers,
      url,
    });
    const last = await attempt(session, url, args, known, false);
    if (another !== undefined)
      await session.tokenRejected(last.tokens, { status: last.status, headers: last.headers, url });
    process.exitCode = last.exitCode;
  });
}

interface Ended {
  readonly tokens: TokenSet<unknown>;
  readonly status: number;
  readonly headers: Headers;
  readonly exitCode: number;
  /** What curl printed has been printed. False: it was held back, since the API refused the token. */
  readonly isPassedOn: boolean;
}

async function attempt(
  session: Session,
  url: string,
  args: readonly string[],
  { followsRedirects }: CurlOptions,
  mayHoldBack: boolean,
): Promise<Ended> {
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
  using files = new NamelessFiles();
  const config = files.add(configOf(token));
  const head = files.add('');
  // Without the user's .curlrc, which may name URLs and proxies, and without patterns in the URL.
  const own = ['--disable', '--globoff', '--config', '/dev/fd/3', '--dump-header', '/dev/fd/4'];
  const child = spawn('curl', [...own, ...quiet, ...args, '--', url], {
    stdio: ['inherit', 'pipe', 'inherit', config, head],
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const output = child.stdout as Readable;
  // With the first byte of the body the headers are complete.
  await Promise.race([once(output, 'readable'), ended]);
  const answer = answerOf(files.read(head));
  const isPassedOn = !mayHoldBack || answer.status !== 401;
  if (isPassedOn) await pipeline(output, process.stdout, { end: false }).catch(ignoreClosedPipe);
  else output.resume();
  const [code] = await ended;
  return { tokens, ...answer, exitCode: code ?? 1, isPassedOn };
}

/** Files that are open and have no name: whoever inherits the descriptor can read them, and nobody else. */
class NamelessFiles implements Disposable {
  readonly #open: number[] = [];

  add(text: string): number {
    const { XDG_RUNTIME_DIR: runtime = '' } = process.env;
    const folder = mkdtempSync(join(isAbsolute(runtime) ? runtime : tmpdir(), 'auth-'));
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

  [Symbol.dispose](): void {
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

/** The last answer of those that curl has seen: redirects that it follows come before. */
function answerOf(text: string): { readonly status: number; readonly headers: Headers } {
  const block = text.trimEnd().split('\r\n\r\n').at(-1) ?? '';
  const [first = '', ...lines] = block.split('\r\n');
  const pairs = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  const headers = new Headers(pairs.filter(([name]) => /^[\w-]+$/.test(name)));
  return { status: Number(/^HTTP\/[\d.]+ (\d+)/.exec(first)?.[1] ?? 0), headers };
}

/** `auth curl … | head` closes the pipe. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
