export { followRedirects } from '../request/redirects.js';
export { refusesToken } from '../request/refusing-body.js';
export { keepSaving } from './commit.js';
export { maintain } from './maintain.js';
export { saveRefusals } from './save-refusals.js';
export { restoreSignOut, revokeSignedOut, writeSignOut } from './sign-out.js';
export { readStatus } from './status.js';
export { exchangeUnderLease } from './under-lease.js';
