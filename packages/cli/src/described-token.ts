import type { TokenSet } from '@auth/core';

/** A token with what is known of its life, for JSON. */
export function described({ accessToken, tokenType, expiresAt }: TokenSet<unknown>): object {
  return {
    token: accessToken,
    type: tokenType,
    expiresAt: expiresAt && new Date(expiresAt).toISOString(),
    remainingSeconds: expiresAt && Math.floor((expiresAt - Date.now()) / 1_000),
  };
}
