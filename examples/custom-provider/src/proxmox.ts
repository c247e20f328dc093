import { type AuthSessionOptions, createAuthSession } from '@auth/core';
import { defineProvider, type ProviderOptions, setCookies, tokensAt } from '@auth/provider-utils';

/** A ticket lives two hours, and while it lives it is taken in place of the password. */
const parse = tokensAt({
  accessToken: 'data.ticket',
  refreshToken: 'data.ticket',
  expiresInMs: 2 * 3_600_000,
  extra: { csrf: 'data.CSRFPreventionToken', username: 'data.username' },
});
const path = '/api2/json/access/ticket';

/** Proxmox VE: the ticket is a cookie, and a call that writes brings a second token against forgery. */
export const proxmoxProvider = defineProvider({
  name: 'proxmox',
  login: ({ username, password, code }) => ({
    path,
    body: new URLSearchParams({ username, password, ...(code === undefined ? {} : { otp: code }) }),
    parse,
  }),
  refresh: ({ refreshToken = '', extra }) => ({
    path,
    body: new URLSearchParams({ username: extra?.username ?? '', password: refreshToken }),
    parse,
  }),
  tokenHeaders: ['cookie', 'csrfpreventiontoken'],
  authorize: (headers, { accessToken, extra }) => {
    setCookies(headers, `PVEAuthCookie=${encodeURIComponent(accessToken)}`);
    headers.set('CSRFPreventionToken', extra?.csrf ?? '');
  },
});

export const createProxmoxAuth = (options: ProviderOptions & AuthSessionOptions) =>
  createAuthSession(proxmoxProvider(options), options);
