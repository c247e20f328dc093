import type { AuthProvider } from '@auth/core';
import { passwordProvider, serverLocationOf, type Vendor } from '@auth/provider-utils';
import {
  assertJoorOptions,
  assertTokenEndpoint,
  environments,
  type JoorProviderOptions,
  type JoorSettings,
} from './options.js';
import type { JoorExtra } from './wire.js';

/** How JOOR logs in. @throws AuthError `invalid_options` naming the option */
export function joorProvider(options: JoorProviderOptions): AuthProvider<JoorExtra> {
  assertJoorOptions(options);
  const { environment, clientId, clientSecret, username, password, extraFields, refresh } = options;
  const { issuer, allowedOrigins } = serverLocationOf(options, environment && environments[environment]);
  if (refresh) assertTokenEndpoint(refresh.tokenEndpoint, issuer);
  const tokenEndpoint = refresh?.tokenEndpoint;
  const identity = { username, password, clientId, clientSecret };
  return passwordProvider(joor, { issuer, allowedOrigins, ...identity, extraFields, tokenEndpoint });
}

const joor: Vendor<JoorSettings, JoorExtra> = {
  name: 'joor',
  loadCalls: () => import('./calls.js'),
  identityOf: ({ username, clientId }) => ({ username, clientId }),
  canRefresh: ({ tokenEndpoint }) => tokenEndpoint !== undefined,
  canRevoke: ({ tokenEndpoint }) => tokenEndpoint !== undefined,
  isMultipart: true,
};
