import type { AuthEvent } from './events.js';
import { printable } from './printable.js';

/** What {@link logEvents} writes to: `console`, or a logger with these methods. */
export interface EventLog {
  info(line: string): void;
  warn(line: string): void;
}

const warnings: ReadonlySet<AuthEvent['type']> = new Set([
  'exchange_failed',
  'background_failed',
  'store_failed',
  'store_degraded',
  'data_lost',
  'record_unreadable',
  'record_set_aside',
  'lease_lost',
  'login_ahead_off',
  'login_blocked',
]);

/**
 * An `onEvent` that writes a line an event: what happened, to which account, and all that the event tells. Events hold no
 * secret; the account's key names the user unless you set `key`.
 *
 * @example createJoorAuth({ ...options, onEvent: logEvents(console) })
 */
export function logEvents(log: EventLog): (event: AuthEvent) => void {
  return ({ type, at, key, provider, ...facts }) => {
    const told = Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${printable(String(value))}`);
    const line = [new Date(at).toISOString(), printable(provider), type, ...told, key].join(' ');
    if (warnings.has(type)) log.warn(line);
    else log.info(line);
  };
}
