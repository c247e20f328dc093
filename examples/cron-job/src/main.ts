/** Prints one line about today's trips. Cron runs it every five minutes. */
import { findAuthError } from '@auth/core';
import { createPasswordRefreshAuth, simacan } from '@auth/password-refresh';
import { fileStore } from '@auth/store-file';

const { SIMACAN_AUTH_URL: baseUrl = simacan('staging').baseUrl } = process.env;
const { SIMACAN_API_URL: apiUrl = 'https://trips-stg.services.simacan.com' } = process.env;
const { SIMACAN_USERNAME: username = '', SIMACAN_PASSWORD: password = '' } = process.env;
/** Of EX_TEMPFAIL in sysexits.h: the next run may do better. */
const tryAgain = 75;

// What one run leaves there the next goes on with: a token that is still good, or the refresh token behind it.
const store = fileStore({ directory: process.env['TOKENS_DIRECTORY'] });
const session = createPasswordRefreshAuth({ ...simacan('staging'), baseUrl, username, password, store });

try {
  const response = await session.fetch(`${apiUrl}/trips`);
  if (!response.ok) throw new Error(`Simacan answered ${response.status}`);
  const trips: unknown[] = await response.json();
  console.log(`${new Date().toISOString()} ${trips.length} trips`);
} catch (error) {
  const authError = findAuthError(error);
  if (authError === undefined) throw error;
  console.error(authError.code, authError.message);
  process.exitCode = authError.retryable ? tryAgain : 1;
}
