import type { SessionContext } from './context.js';
import { AuthError } from './errors.js';

/** The code that logs in, refreshes, saves, signs out, reads the status and follows redirects; loaded at first need. */
export type ExchangeHalf = typeof import('./exchange/index.js');

/** @throws AuthError `network`, with nothing sent, where the module cannot be loaded; the next call loads it again */
export async function loadExchangeHalf({ provider }: SessionContext): Promise<ExchangeHalf> {
  try {
    return await import('./exchange/index.js');
  } catch {
    const detail = 'the code of exchanges could not be loaded';
    throw new AuthError('network', { provider: provider.name, delivery: 'not_sent', detail });
  }
}
