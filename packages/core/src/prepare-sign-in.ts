import { AuthError } from './errors.js';
import type { FlightPlan } from './flight.js';
import type { AuthProvider } from './provider.js';

/**
 * Where a sign-in gets its secrets: what a person typed, or what is configured.
 *
 * @throws AuthError `reauthentication_required` without either, `invalid_options` for a password that cannot be used
 */
export function prepareSignIn(
  provider: AuthProvider,
  password: string | undefined,
): NonNullable<FlightPlan['prepare']> {
  const { name } = provider;
  if (password === undefined) {
    if (provider.prepareLogin !== undefined) return provider.prepareLogin.bind(provider);
    throw new AuthError('reauthentication_required', { provider: name });
  }
  if (provider.prepareSignIn === undefined)
    throw new AuthError('invalid_options', {
      provider: name,
      detail: 'password: this provider takes none here',
    });
  if (typeof password !== 'string' || password === '')
    throw new AuthError('invalid_options', { provider: name, detail: 'password: expected a text' });
  return provider.prepareSignIn.bind(provider, password);
}
