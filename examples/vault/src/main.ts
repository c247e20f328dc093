/** Prints how many orders a JOOR account has. */
import { isAuthError } from '@auth/core';
import { createJoor } from './joor.ts';
import { vault } from './vault.ts';

const { VAULT_ADDR: vaultAddress = 'http://127.0.0.1:8200', VAULT_TOKEN: vaultToken = '' } = process.env;
const { JOOR_CLIENT_ID: clientId = '', JOOR_USERNAME: username = '' } = process.env;
const { JOOR_AUTH_URL: baseUrl, JOOR_API_URL: apiUrl = 'https://apisandbox.jooraccess.com/v4' } = process.env;

const readSecret = vault(vaultAddress, vaultToken);
const joor = createJoor(readSecret, { environment: 'sandbox', baseUrl, clientId, username });

try {
  const response = await joor.fetch(`${apiUrl}/orders`);
  const orders: unknown[] = await response.json();
  console.log(`${orders.length} orders`);
} catch (error) {
  if (!isAuthError(error)) throw error;
  console.error(error.code, error.message);
  process.exitCode = 1;
}
