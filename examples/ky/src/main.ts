/** Prints the open orders of a JOOR account. */
import { findAuthError } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import ky from 'ky';

const { JOOR_CLIENT_ID: clientId = '', JOOR_CLIENT_SECRET: clientSecret = '' } = process.env;
const { JOOR_USERNAME: username = '', JOOR_PASSWORD: password = '' } = process.env;
const { JOOR_AUTH_URL: baseUrl, JOOR_API_URL: apiUrl = 'https://apisandbox.jooraccess.com/v4/' } =
  process.env;

const joor = createJoorAuth({ environment: 'sandbox', baseUrl, clientId, clientSecret, username, password });

/** ky does base URL, query, retries and JSON; the session adds the token. */
const api = ky.create({ baseUrl: apiUrl, fetch: joor.fetch });

interface Order {
  readonly id: string;
  readonly total: number;
}

try {
  const orders = await api.get('orders', { searchParams: { status: 'open' } }).json<Order[]>();
  for (const { id, total } of orders) console.log(`${id} ${total}`);
} catch (error) {
  const authError = findAuthError(error);
  if (authError === undefined) throw error;
  // The message contains no secret, so it may go to any log.
  console.error(authError.code, authError.message);
  process.exitCode = 1;
}
