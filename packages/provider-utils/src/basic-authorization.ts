import { AuthError } from '@auth/core';

/**
 * The `Authorization` header of HTTP Basic, in UTF-8 (RFC 7617 section 2).
 *
 * @throws AuthError `invalid_options` for a user id with a colon, at which the server would cut it, or for control
 * characters
 */
export function basicAuthorization(userId: string, password: string): string {
  const unusable = (detail: string): AuthError =>
    new AuthError('invalid_options', { delivery: 'not_sent', detail: `HTTP Basic: ${detail}` });
  if (userId.includes(':')) throw unusable('the user id must not contain a colon');
  if (/\p{Cc}/u.test(userId + password)) throw unusable('no control characters, such as a line break');
  const bytes = new TextEncoder().encode(`${userId}:${password}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}
