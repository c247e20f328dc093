import type { AuthSession, TokenStore } from '@auth/core';
import { createPasswordRefreshAuth, simacan } from '@auth/password-refresh';

const { ACCOUNTS = '1000', AUTH_URL } = process.env;

/** Where all of them log in: the emulator that the page starts, or your vendor. */
export const authUrl: string = AUTH_URL ?? 'http://127.0.0.1:4481/password-refresh';

/** Yours come from a database, with the ids that it gives them. */
export const refs: readonly string[] = Array.from({ length: Number(ACCOUNTS) }, (_, index) => `${index + 1}`);

/** Yours come from a vault: give the function, and it is asked only when a login is needed. */
export function passwordOf(ref: string): string {
  return `password of ${ref}`;
}

/** An account's session, the same for the workers and for everybody who uses the account. */
export function openAccount(ref: string, store: TokenStore): AuthSession {
  return createPasswordRefreshAuth({
    ...simacan('staging'),
    baseUrl: authUrl,
    username: ref,
    password: () => passwordOf(ref),
    store,
    scheduler: null,
  });
}
