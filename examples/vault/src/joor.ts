import type { AuthSession } from '@auth/core';
import { createJoorAuth, type JoorAuthOptions, type JoorExtra } from '@auth/joor';
import type { ReadSecret } from './vault.ts';

type Options = Omit<JoorAuthOptions, 'clientSecret' | 'password'>;

/**
 * A session that holds no secret. Before each login it asks the vault, so a rotated password needs no restart. While
 * one that JOOR refused still stands in the vault nothing is sent to JOOR, and the vault is asked once a minute.
 */
export function createJoor(readSecret: ReadSecret, options: Options): AuthSession<JoorExtra> {
  return createJoorAuth({
    ...options,
    clientSecret: () => readSecret('joor', 'client_secret'),
    password: () => readSecret('joor', 'password'),
  });
}
