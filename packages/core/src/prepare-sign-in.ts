import type { SessionContext } from './context.js';
import type { FlightPlan } from './flight.js';

/**
 * Where a sign-in gets its secrets: what a person typed, or what is configured.
 *
 * @throws AuthError `reauthentication_required` without either, `invalid_options` for a password that cannot be used
 */
export function prepareSignIn(
  context: SessionContext,
  password: string | undefined,
): NonNullable<FlightPlan['prepare']> {
  const { provider } = context;
  if (password === undefined) {
    if (provider.prepareLogin !== undefined) return provider.prepareLogin.bind(provider);
    throw context.error('reauthentication_required');
  }
  if (provider.prepareSignIn === undefined)
    throw context.error('invalid_options', { detail: 'password: this provider takes none here' });
  if (typeof password !== 'string' || password === '')
    throw context.error('invalid_options', { detail: 'password: expected a text' });
  return provider.prepareSignIn.bind(provider, password);
}
