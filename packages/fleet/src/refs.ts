import { AuthError } from '@auth/core';

/** The job that looks through all accounts. */
export const sweepRef = '#sweep';

/** @throws AuthError `invalid_options` for a ref that no account may have */
export function checkRef(ref: string): void {
  if (typeof ref === 'string' && ref !== '' && !ref.startsWith('#')) return;
  throw new AuthError('invalid_options', {
    detail: 'ref: expected a text that is not empty and begins with no #',
  });
}
