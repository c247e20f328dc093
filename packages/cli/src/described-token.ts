import type { TokenSet } from '@auth/core';

/** A token with what is known of its life. */
export function described({ accessToken, tokenType, expiresAt }: TokenSet<unknown>): object {
  const end =
    expiresAt === undefined
      ? {}
      : {
          expiresAt: new Date(expiresAt).toISOString(),
          remainingSeconds: Math.floor((expiresAt - Date.now()) / 1_000),
        };
  return { token: accessToken, type: tokenType, ...end };
}
