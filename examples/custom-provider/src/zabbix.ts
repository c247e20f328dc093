import { type AuthSessionOptions, createAuthSession } from '@auth/core';
import {
  defineProvider,
  type ProviderOptions,
  tokensAt,
} from '@auth/provider-utils';

const rpc = (method: string, params: object) => ({
  path: '/api_jsonrpc.php',
  json: { jsonrpc: '2.0', method, params, id: 1 },
});

/** What an error says. Its code is the same for a wrong parameter. */
const errorIn = (body: unknown): string =>
  (body as { error?: { data?: string } } | null)?.error?.data ?? '';

/** Zabbix: JSON-RPC. A session's end is told in the body of a 200. */
export const zabbixProvider = defineProvider({
  name: 'zabbix',
  login: ({ username, password }) => ({
    ...rpc('user.login', { username, password }),
    parse: tokensAt({ accessToken: 'result' }),
    isRefused: ({ body }) =>
      errorIn(body).startsWith('Incorrect user name or password'),
  }),
  revoke: ({ accessToken }) => ({
    ...rpc('user.logout', []),
    headers: { authorization: `Bearer ${accessToken}` },
  }),
  isBodyRejected: {
    test: ({ status, headers }) =>
      status === 200 && /json/.test(headers.get('content-type') ?? ''),
    read: (text) =>
      /^(Session terminated|Not authori[sz]ed)/.test(errorIn(JSON.parse(text))),
  },
});

export const createZabbixAuth = (
  options: ProviderOptions & AuthSessionOptions,
) => createAuthSession(zabbixProvider(options), options);
