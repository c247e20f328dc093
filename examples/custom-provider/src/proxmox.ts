import { type AuthSessionOptions, createAuthSession } from '@auth/core';
import {
  defineProvider,
  type ProviderOptions,
  setCookies,
  tokensAt,
} from '@auth/provider-utils';

const askFor = (fields: Record<string, string>) => ({
  path: '/api2/json/access/ticket',
  body: new URLSearchParams(fields),
  parse: tokensAt({
    accessToken: 'data.ticket',
    refreshToken: 'data.ticket',
    expiresInMs: 2 * 3_600_000,
    extra: { csrf: 'data.CSRFPreventionToken', username: 'data.username' },
  }),
});

/** Proxmox VE: a cookie, and for calls that write a token against forgery. */
export const proxmoxProvider = defineProvider({
  name: 'proxmox',
  login: ({ username, password, code }) =>
    askFor({
      username,
      password,
      ...(code === undefined ? {} : { otp: code }),
    }),
  refresh: ({ refreshToken = '', extra }) =>
    askFor({ username: extra?.username ?? '', password: refreshToken }),
  tokenHeaders: ['cookie', 'csrfpreventiontoken'],
  authorize: (headers, { accessToken, extra }) => {
    setCookies(headers, `PVEAuthCookie=${encodeURIComponent(accessToken)}`);
    headers.set('CSRFPreventionToken', extra?.csrf ?? '');
  },
});

export const createProxmoxAuth = (
  options: ProviderOptions & AuthSessionOptions,
) => createAuthSession(proxmoxProvider(options), options);
