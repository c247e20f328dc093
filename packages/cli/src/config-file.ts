import { Console } from 'node:console';
import {
  appendFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findAuthError } from '@auth/core';
import envPaths from 'env-paths';
import type { Accounts, Session } from './accounts.js';
import { messageOf, UsageError } from './failures.js';

const names = ['auth.config.ts', 'auth.config.mts', 'auth.config.js', 'auth.config.mjs'];
const paths = envPaths('auth-cli', { suffix: '' });

/** Where the accounts are looked for. */
export interface ConfigSearch {
  /** From `--config`. */
  readonly given: string | undefined;
  /**
   * Whether the working directory and the folders above it are searched. A configuration is code, so whoever calls in the
   * name of somebody else, a credential helper or a server, does not run what lies around.
   */
  readonly fromHere: boolean;
}

/** The path of the configuration; undefined where there is none. @throws UsageError for one that is not to be trusted */
export function findConfig({ given, fromHere }: ConfigSearch): string | undefined {
  const named = given ?? process.env['AUTH_CONFIG'];
  const found =
    named !== undefined && named !== ''
      ? existing(resolve(named))
      : ((fromHere ? upwards(process.cwd()) : undefined) ?? firstIn(paths.config));
  if (found === undefined) return undefined;
  return ownFile(found);
}

/** The accounts of a configuration. Of a file that was never used before, its path is told. */
export async function loadConfig(path: string): Promise<Accounts> {
  if (/\.m?ts$/.test(path) && !process.features.typescript)
    throw new UsageError(
      `${path}: Node ${process.versions.node} runs no TypeScript, 22.18 does; or write auth.config.js`,
    );
  tellIfNew(path);
  // What it prints must not be taken for the answer.
  globalThis.console = new Console(process.stderr);
  const { default: accounts } = await imported(path);
  const isAccounts =
    typeof accounts === 'object' &&
    accounts !== null &&
    Object.values(accounts).every((open) => typeof open === 'function');
  if (!isAccounts)
    throw new UsageError(`${path}: expected export default defineAccounts({ name: () => session })`);
  const openers = Object.entries(accounts as Accounts);
  return Object.fromEntries(openers.map(([name, open]) => [name, () => opened(`${path}: ${name}`, open)]));
}

async function opened(where: string, open: Accounts[string]): Promise<Session> {
  const session = await opening(where, open);
  if (typeof session?.getTokens !== 'function')
    throw new UsageError(`${where}: expected a function that returns a session`);
  return session as Session;
}

async function opening(where: string, open: Accounts[string]): Promise<Partial<Session> | undefined> {
  try {
    return await open();
  } catch (error) {
    if (findAuthError(error) !== undefined) throw error;
    throw new UsageError(`${where}: ${messageOf(error)}`);
  }
}

async function imported(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new UsageError(`${path}: ${messageOf(error)}`);
  }
}

function existing(path: string): string {
  if (!existsSync(path)) throw new UsageError(`there is no ${path}`);
  return path;
}

function firstIn(folder: string): string | undefined {
  return names.map((name) => join(folder, name)).find((path) => existsSync(path));
}

/** Up to the root of the repository, or the home folder. */
function upwards(folder: string): string | undefined {
  const found = firstIn(folder);
  const isEnd = existsSync(join(folder, '.git')) || folder === homedir() || folder === dirname(folder);
  return found ?? (isEnd ? undefined : upwards(dirname(folder)));
}

/**
 * Where the file lies. It, and each folder and link on the way to it, belong to the user or to root, and nobody else can put
 * another in its place.
 */
function ownFile(path: string): string {
  const user = process.getuid?.();
  if (user === undefined) return realpathSync(path);
  let reached = parse(path).root;
  const ahead = path.slice(reached.length).split(sep);
  for (let links = 0; ahead.length > 0; ) {
    assertOwn(reached, user);
    const next = join(reached, ahead.shift() as string);
    if (!lstatSync(next).isSymbolicLink()) {
      reached = next;
      continue;
    }
    assertOwn(next, user);
    if (++links > 40) throw new UsageError(`${path}: too many links`);
    const target = readlinkSync(next);
    if (isAbsolute(target)) reached = parse(target).root;
    ahead.unshift(...target.split(sep).filter(Boolean));
  }
  assertOwn(reached, user);
  // A folder such as /tmp, in which others can replace only what is theirs, is good enough further up.
  assertOwn(dirname(reached), user, 0);
  return reached;
}

const stickyBit = 0o1000;

function assertOwn(path: string, user: number, harmless: number = stickyBit): void {
  const entry = lstatSync(path);
  if (entry.uid !== user && entry.uid !== 0)
    throw new UsageError(`${path} belongs to another user: it is code, and is not run`);
  // Links have no permissions of their own: the folder that holds them decides.
  if (entry.isSymbolicLink() || (entry.mode & harmless) !== 0 || (entry.mode & 0o022) === 0) return;
  throw new UsageError(`${path} can be written by others: it is code, and is not run. chmod go-w ${path}`);
}

function tellIfNew(path: string): void {
  const list = join(paths.data, 'known-configs');
  try {
    if (existsSync(list) && readFileSync(list, 'utf8').split('\n').includes(path)) return;
    mkdirSync(paths.data, { recursive: true, mode: 0o700 });
    appendFileSync(list, `${path}\n`, { mode: 0o600 });
  } catch {
    // The home folder cannot be written, as in containers, or the list is another user's: it is told each time.
  }
  process.stderr.write(`auth: accounts are those of ${path}\n`);
}
