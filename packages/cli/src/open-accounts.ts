import type { TokenStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
import type { Accounts, Session } from './accounts.js';
import { findConfig, loadConfig } from './config-file.js';
import { UsageError } from './failures.js';
import { accountsFromEnvironment, environmentNames } from './from-environment.js';
import { forgettingKeychainStore, keychainStore } from './keychain-store.js';

/** Options of every command. */
export interface GlobalOptions {
  readonly config?: string;
  readonly envFile?: string;
  readonly keychain?: boolean;
  /** Of `logout`: a record that cannot be read is replaced. */
  readonly forget?: boolean;
}

/** The accounts of the configuration, or where there is none, of the environment. @throws UsageError */
export async function accountsOf(options: GlobalOptions, fromHere: boolean): Promise<Accounts> {
  if (options.forget === true && options.keychain !== true)
    throw new UsageError('--forget: only with --keychain, whose records can lose their key');
  if (options.envFile !== undefined) loadVariables(options.envFile);
  const config = findConfig({ given: options.config, fromHere });
  if (config === undefined) return accountsFromEnvironment(() => storeOf(options));
  if (options.keychain === true)
    throw new UsageError(`--keychain: the stores of ${config} are its own; write keychainStore() there`);
  return loadConfig(config);
}

/** The store of accounts that the environment gives; undefined where a configuration has stores of its own. */
export async function ownStore(options: GlobalOptions): Promise<TokenStore | undefined> {
  const config = findConfig({ given: options.config, fromHere: process.stdin.isTTY === true });
  return config === undefined ? storeOf(options) : undefined;
}

/** The store of accounts that the environment gives. */
async function storeOf({ keychain, forget }: GlobalOptions): Promise<TokenStore> {
  // What a file without encryption cannot hold any more is replaced by every session.
  if (keychain !== true) return fileStore();
  return forget === true ? forgettingKeychainStore() : keychainStore();
}

/** Opens one account's session. @throws UsageError that names the accounts there are */
export async function openAccount(
  name: string,
  options: GlobalOptions,
  fromHere: boolean = process.stdin.isTTY === true,
): Promise<Session> {
  return openerOf(name, await accountsOf(options, fromHere))();
}

/** How to open an account. @throws UsageError that names the accounts there are */
export function openerOf(name: string, accounts: Accounts): Accounts[string] {
  const open = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
  if (open === undefined) throw new UsageError(unknownAccount(name, Object.keys(accounts)));
  return open;
}

function unknownAccount(name: string, known: readonly string[]): string {
  if (known.length > 0) return `there is no account ${name}: there are ${known.join(', ')}`;
  return `there is no account ${name}: give --config, write auth.config.ts, or set ${environmentNames().join(', ')} and what goes with it`;
}

function loadVariables(path: string): void {
  try {
    process.loadEnvFile(path);
  } catch (error) {
    throw new UsageError(`--env-file ${path}: ${(error as NodeJS.ErrnoException).code ?? 'cannot be read'}`);
  }
}
