import type { AuthProvider } from '@auth/core';
import {
  assertOptions,
  assertText,
  passwordProvider,
  serverLocationOf,
  type Vendor,
} from '@auth/provider-utils';
import type { PasswordRefreshProviderOptions, PasswordRefreshSettings } from './options.js';
import type { PasswordRefreshExtra } from './wire.js';

/** A provider for an API with `/auth/password`. @throws AuthError `invalid_options` naming the option */
export function passwordRefreshProvider(
  options: PasswordRefreshProviderOptions,
): AuthProvider<PasswordRefreshExtra> {
  assertOptions(options);
  const { username, password } = options;
  assertText('username', username);
  const { issuer, allowedOrigins } = serverLocationOf(options);
  return passwordProvider(passwordRefresh, { issuer, allowedOrigins, username, password });
}

const passwordRefresh: Vendor<PasswordRefreshSettings, PasswordRefreshExtra> = {
  name: 'password-refresh',
  loadCalls: () => import('./calls.js'),
  identityOf: ({ username }) => ({ username }),
};
