export { followRedirects } from '../request/redirects.js';
export { keepSaving } from './commit.js';
export { maintain } from './maintain.js';
export { revokeSignedOut, writeSignOut } from './sign-out.js';
export { readStatus } from './status.js';
export { exchangeUnderLease } from './under-lease.js';
