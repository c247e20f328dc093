import { AuthError } from './errors.js';

/** @throws AuthError `invalid_options` that names the option and what was expected, never its value */
export function expectOption(holds: boolean, option: string, expected: string): void {
  if (!holds) throw new AuthError('invalid_options', { detail: `${option}: expected ${expected}` });
}
