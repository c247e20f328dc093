/** Prints one line about today's trips. Cron runs it every five minutes. */
import { findAuthError } from '@auth/core';
import { createPasswordRefreshAuth, simacan } from '@auth/password-refresh';
import { fileStore } from '@auth/store-file';

const { SIMACAN_AUTH_URL: baseUrl = simacan('staging').baseUrl } = process.env;
const { SIMACAN_API_URL: apiUrl = 'https://trips-stg.services.simacan.com' } = process.env;
const { SIMACAN_USERNAME: username = '', SIMACAN_PASSWORD: password = '' } = process.env;
/** EX_TEMPFAIL of sysexits.h: the next run may succeed. */
const tryAgain = 75;

// The next run uses what this run stores: the access token, or the refresh token once the access token has expired.
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
} finally {
  await session.close();
}
