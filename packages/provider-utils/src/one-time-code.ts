import { AuthError } from '@auth/core';
import { type OneTimeCode, secretOf } from './options.js';

/** The code that each account sent last: a server that has seen a code refuses it, as it refuses a wrong password. */
const sentCodes = new WeakMap<object, string>();

/** @throws AuthError `credentials_unavailable` for no code, and for the one that was sent last */
export async function nextCode(account: object, otp: OneTimeCode): Promise<string> {
  const code = await secretOf('otp', otp);
  if (sentCodes.get(account) === code) {
    const detail = 'otp: its function returned the code of the login before again';
    throw new AuthError('credentials_unavailable', { delivery: 'not_sent', detail });
  }
  sentCodes.set(account, code);
  return code;
}

/** The login that this code was for was not sent: the code is still good. */
export function codeNotSent(account: object, code: string): void {
  if (sentCodes.get(account) === code) sentCodes.delete(account);
}
