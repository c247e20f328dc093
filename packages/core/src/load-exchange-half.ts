import type { SessionContext } from './context.js';

/** The code that logs in, refreshes, saves, signs out, reads the status and follows redirects; loaded at first need. */
export type ExchangeHalf = typeof import('./exchange/index.js');

/** Kept because an import of a loaded module still takes Node a search in its cache. */
let loaded: ExchangeHalf | undefined;

/** @throws AuthError `network`, with nothing sent, where the module cannot be loaded; the next call loads it again */
export async function loadExchangeHalf(context: SessionContext): Promise<ExchangeHalf> {
  try {
    loaded ??= await import('./exchange/index.js');
    return loaded;
  } catch {
    const detail = 'the code of exchanges could not be loaded';
    throw context.error('network', { delivery: 'not_sent', detail });
  }
}
