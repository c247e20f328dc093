import { AuthError } from '@auth/core';

/** The job that looks through all accounts. */
export const sweepRef = '#sweep';

/** @throws AuthError `invalid_options` for a ref that no account may have */
export function checkRef(ref: string): void {
  if (isRef(ref)) return;
  throw new AuthError('invalid_options', {
    detail: 'ref: expected a text that is well-formed, not empty, without NUL, and begins with no #',
  });
}

/** Whether an account may have it. Engines store text, and some of them no NUL and no half of a character. */
export function isRef(ref: string): boolean {
  return typeof ref === 'string' && ref !== '' && !/^#|\0/.test(ref) && ref.isWellFormed();
}
