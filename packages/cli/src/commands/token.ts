import type { TokenSet } from '@auth/core';
import { described } from '../described-token.js';
import { parseDuration, spoken } from '../duration.js';
import type { GlobalOptions } from '../open-accounts.js';
import { withSession } from '../with-session.js';

export interface TokenOptions extends GlobalOptions {
  readonly minValid?: string;
  readonly force?: boolean;
  readonly json?: boolean;
  readonly credential?: 'exec';
}

/** Prints a token that is valid now. */
export async function token(account: string, options: TokenOptions): Promise<void> {
  const minValidMs = options.minValid === undefined ? undefined : parseDuration(options.minValid);
  // A tool that asks for a credential calls in its user's name: it does not run what lies in its folder.
  const fromHere = options.credential === undefined ? undefined : false;
  await withSession(
    account,
    options,
    async (session) => {
      const tokens = await session.getTokens({ minValidMs, forceRefresh: options.force });
      tellIfShort(tokens, minValidMs);
      process.stdout.write(`${answerOf(tokens, options)}\n`);
    },
    fromHere,
  );
}

/** No token lives longer than the server lets it: a caller who wants more gets the longest there is. */
function tellIfShort({ expiresAt = Infinity }: TokenSet<unknown>, minValidMs = 0): void {
  const leftMs = expiresAt - Date.now();
  if (leftMs >= minValidMs) return;
  process.stderr.write(`auth: --min-valid: the server gives less; the token lives ${spoken(leftMs)}\n`);
}

function answerOf(tokens: TokenSet<unknown>, { json, credential }: TokenOptions): string {
  if (credential === 'exec') return JSON.stringify(execCredential(tokens));
  return json === true ? JSON.stringify(described(tokens), undefined, 2) : tokens.accessToken;
}

/** What kubectl and its like read (client.authentication.k8s.io/v1). */
function execCredential({ accessToken, expiresAt }: TokenSet<unknown>): object {
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: {
      token: accessToken,
      expirationTimestamp: expiresAt && new Date(expiresAt).toISOString(),
    },
  };
}
