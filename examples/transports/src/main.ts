/** Reads Simacan's trips by Node's fetch, which Node's own variables send through a proxy or let trust an authority. */
import { createPasswordRefreshAuth } from '@auth/password-refresh';

const {
  SIMACAN_URL: baseUrl = '',
  SIMACAN_USERNAME: username = '',
  SIMACAN_PASSWORD: password = '',
} = process.env;
const session = createPasswordRefreshAuth({ baseUrl, username, password });
console.log((await session.fetch(`${baseUrl}/trips`)).status);
session.dispose();
