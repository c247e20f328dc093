import * as limits from './limits.js';
import type { AuthProvider } from './provider.js';
import { earlyRefreshEnd, type TokenSet } from './tokens.js';

/**
 * When a set is refreshed: from `advisoryAt` on in the background, from `mandatoryAt` on before it is used again.
 * Epoch milliseconds; `Infinity` for never.
 */
export type RefreshPolicy = (
  tokens: TokenSet,
  random: () => number,
) => { readonly advisoryAt: number; readonly mandatoryAt: number };

/** Refreshes after 75 to 85 % of the life, and insists 30 s (at most 10 % of the life) before its end. */
export const defaultRefreshPolicy: RefreshPolicy = ({ issuedAt, expiresAt }, random) => {
  if (expiresAt === undefined)
    return { advisoryAt: Number.POSITIVE_INFINITY, mandatoryAt: Number.POSITIVE_INFINITY };
  const lifetimeMs = expiresAt - issuedAt;
  return {
    advisoryAt: issuedAt + lifetimeMs * (limits.advisoryShare + limits.advisoryJitterShare * random()),
    mandatoryAt: expiresAt - Math.min(limits.mandatoryMarginMs, lifetimeMs * limits.mandatoryMarginShare),
  };
};

/** Without a password a refresh token that ends before its access token is used while it lives. */
export function whileRefreshable(
  { prepareLogin }: AuthProvider,
  tokens: TokenSet,
  advisoryAt: number,
  random: () => number,
): number {
  const expiresAt = earlyRefreshEnd(tokens);
  if (prepareLogin !== undefined || expiresAt === undefined) return advisoryAt;
  return Math.min(advisoryAt, defaultRefreshPolicy({ ...tokens, expiresAt }, random).advisoryAt);
}
