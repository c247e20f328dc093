import type { AuthSession, TokenStore } from '@auth/core';
import { createPasswordRefreshAuth } from '@auth/password-refresh';
import type { FleetOptions } from './messages.ts';

export const leaseMs = 5_000;

export function refOf(index: number): string {
  return `account-${index}`;
}

export function refs(accounts: number): string[] {
  return Array.from({ length: accounts }, (_, index) => refOf(index));
}

/** Those that programs call for; the others are kept alone. */
export function usedBy(accounts: number): string[] {
  return refs(Math.ceil(accounts / 2));
}

/** An account's session. The auth server learns who asks. */
export function openAccount(
  ref: string,
  {
    baseUrl,
    store,
    sender,
    onCall,
  }: Pick<FleetOptions, 'baseUrl'> & {
    readonly store: TokenStore;
    readonly sender: string;
    readonly onCall?: () => void;
  },
  scheduler?: null,
): AuthSession {
  return createPasswordRefreshAuth({
    baseUrl,
    username: ref,
    password: 'correct horse battery staple',
    allowedOrigins: [new URL(baseUrl).origin],
    store,
    ...(scheduler === null ? { scheduler } : {}),
    fetch(input, init) {
      onCall?.();
      return fetch(input, { ...init, headers: { ...init?.headers, 'x-sender': sender } });
    },
  });
}
