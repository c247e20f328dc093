import { appendFileSync, existsSync, mkdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import envPaths from 'env-paths';
import type { Accounts } from './accounts.js';
import { UsageError } from './exit-codes.js';

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
  const path = realpathSync(found);
  assertOwn(path);
  return path;
}

/** The accounts of a configuration. Of a file that was never used before, its path is told. */
export async function loadConfig(path: string): Promise<Accounts> {
  if (/\.m?ts$/.test(path) && !process.features.typescript)
    throw new UsageError(
      `${path}: Node ${process.versions.node} runs no TypeScript, 22.18 does; or write auth.config.js`,
    );
  tellIfNew(path);
  const { default: accounts } = await imported(path);
  const isAccounts =
    typeof accounts === 'object' &&
    accounts !== null &&
    Object.values(accounts).every((open) => typeof open === 'function');
  if (!isAccounts)
    throw new UsageError(`${path}: expected export default defineAccounts({ name: () => session })`);
  return accounts as Accounts;
}

async function imported(path: string): Promise<{ readonly default?: unknown }> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    throw new UsageError(`${path}: ${(error as Error).message}`);
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

/** The file and its folder belong to the user or to root, and nobody else may write there. */
function assertOwn(path: string): void {
  const user = process.getuid?.();
  if (user === undefined) return;
  for (const each of [path, dirname(path)]) {
    const { uid, mode } = statSync(each);
    if (uid !== user && uid !== 0)
      throw new UsageError(`${each} belongs to another user: it is code, and is not run`);
    if ((mode & 0o022) !== 0)
      throw new UsageError(
        `${each} can be written by others: it is code, and is not run. chmod go-w ${each}`,
      );
  }
}

function tellIfNew(path: string): void {
  const list = join(paths.data, 'known-configs');
  const known = existsSync(list) ? readFileSync(list, 'utf8').split('\n') : [];
  if (known.includes(path)) return;
  process.stderr.write(`auth: accounts are those of ${path}\n`);
  mkdirSync(paths.data, { recursive: true, mode: 0o700 });
  appendFileSync(list, `${path}\n`, { mode: 0o600 });
}
