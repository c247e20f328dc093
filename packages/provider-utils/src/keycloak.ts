import { says } from './answers.js';
import type { TokenCall } from './token-request.js';

/**
 * How Keycloak says no, as seen from version 26.7.3. Everything about a password is 400 `invalid_grant`: a wrong one, an
 * unknown user, a locked account, a missing one-time code; and so is everything about a refresh token. A client that
 * names a wrong secret gets `unauthorized_client`, under 401 since version 26 and under 400 before.
 */
export const keycloak: Required<Pick<TokenCall<unknown>, 'isRefused' | 'isClientRefused' | 'serverCodes'>> = {
  // A bare 400 comes from proxies too.
  isRefused: ({ status, body }) => status === 400 && says(body, 'error', 'invalid_grant'),
  isClientRefused: ({ body }) => says(body, 'error', 'unauthorized_client'),
  /** Descriptions that are facts about the account or the session, and the word that all of them come with. */
  serverCodes: [
    'Token is not active',
    'Session not active',
    'Stale token',
    'Maximum allowed refresh token reuse exceeded',
    'Invalid refresh token',
    "Session doesn't have required client",
    'Account disabled',
    'Account is not fully set up',
    'Account temporarily disabled',
    'User disabled',
    'invalid_grant',
  ],
};
