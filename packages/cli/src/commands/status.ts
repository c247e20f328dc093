import { setTimeout as sleep } from 'node:timers/promises';
import type { AuthStatus } from '@auth/core';
import type { Accounts } from '../accounts.js';
import { spoken } from '../duration.js';
import { exitCodeOf, messageOf } from '../failures.js';
import { accountsOf, type GlobalOptions, openerOf } from '../open-accounts.js';

export interface StatusOptions extends GlobalOptions {
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** An account, and how it is; or why nobody can tell. */
interface Row {
  readonly account: string;
  readonly status?: AuthStatus;
  readonly error?: string;
}

const barWidth = 20;

/** Shows how each account is, or one. Nothing is sent. */
export async function status(account: string | undefined, options: StatusOptions): Promise<void> {
  const accounts = await accountsOf(options, true);
  const shown = account === undefined ? accounts : { [account]: openerOf(account, accounts) };
  for (;;) {
    const rows = await Promise.all(Object.entries(shown).map(([name, open]) => rowOf(name, open)));
    const text = options.json === true ? JSON.stringify(rows, undefined, 2) : rows.map(lineOf).join('\n');
    const isRedrawn = options.watch === true && process.stdout.isTTY === true;
    process.stdout.write(`${isRedrawn ? '\u001b[H\u001b[J' : ''}${text}\n`);
    if (options.watch !== true) return;
    await sleep(1_000);
  }
}

async function rowOf(account: string, open: Accounts[string]): Promise<Row> {
  try {
    const session = await open();
    try {
      return { account, status: await session.status() };
    } finally {
      await session.close();
    }
  } catch (error) {
    process.exitCode ||= exitCodeOf(error);
    return { account, error: messageOf(error) };
  }
}

function lineOf({ account, status: known, error }: Row): string {
  if (known === undefined) return `${account}\n  ${error}`;
  const { state, issuedAt, expiresAt, blockedAt, retryAt, lastFailure } = known;
  const details = [
    expiresAt === undefined ? '' : expiry(expiresAt, issuedAt),
    blockedAt === undefined ? '' : `blocked since ${at(blockedAt)}`,
    blockedAt === undefined ? '' : `change the secret, or: auth login ${account}`,
    retryAt === undefined ? '' : `nothing is sent before ${at(retryAt)}`,
    lastFailure === undefined
      ? ''
      : `last failure ${at(lastFailure.at)}: ${[lastFailure.code, lastFailure.status, lastFailure.serverCode].filter(Boolean).join(' ')}`,
  ];
  return [
    `${account}  ${state.replaceAll('_', ' ')}`,
    ...details.filter(Boolean).map((line) => `  ${line}`),
  ].join('\n');
}

/** What is left of the life, as a bar. */
function expiry(expiresAt: number, issuedAt: number | undefined): string {
  const leftMs = expiresAt - Date.now();
  if (leftMs <= 0) return `expired ${spoken(-leftMs)} ago`;
  if (issuedAt === undefined) return `expires in ${spoken(leftMs)}`;
  const full = Math.round((barWidth * Math.min(leftMs, expiresAt - issuedAt)) / (expiresAt - issuedAt));
  return `${'█'.repeat(full)}${'░'.repeat(barWidth - full)} expires in ${spoken(leftMs)}`;
}

function at(instant: number): string {
  return new Date(instant).toISOString();
}
