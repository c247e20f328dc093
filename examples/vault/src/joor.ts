import type { AuthSession } from '@auth/core';
import { createJoorAuth, type JoorAuthOptions, type JoorExtra } from '@auth/joor';
import type { ReadSecret } from './vault.ts';

type Options = Omit<JoorAuthOptions, 'clientSecret' | 'password'>;

/**
 * A session that holds no secret. It reads the vault before each login, so a rotated password needs no restart. While
 * the vault still has a password that JOOR refused, nothing is sent to JOOR, and the vault is read once a minute.
 */
export function createJoor(readSecret: ReadSecret, options: Options): AuthSession<JoorExtra> {
  return createJoorAuth({
    ...options,
    clientSecret: () => readSecret('joor', 'client_secret'),
    password: () => readSecret('joor', 'password'),
  });
}
