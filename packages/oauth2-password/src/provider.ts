import type { AuthProvider } from '@auth/core';
import { passwordProvider, type Vendor } from '@auth/provider-utils';
import type { MetadataCache } from './metadata-cache.js';
import { type OAuth2PasswordProviderOptions, type OAuth2PasswordSettings, settingsOf } from './options.js';
import type { OAuth2PasswordExtra } from './wire.js';

/** A provider for OAuth2's password grant. @throws AuthError `invalid_options` naming the option */
export function oauth2PasswordProvider(
  options: OAuth2PasswordProviderOptions,
): AuthProvider<OAuth2PasswordExtra> {
  return providerWith(options, new Map());
}

/** A provider that knows what issuers have said to others. */
export function providerWith(
  options: OAuth2PasswordProviderOptions,
  metadata: MetadataCache,
): AuthProvider<OAuth2PasswordExtra> {
  const settings = { ...settingsOf(options), metadata };
  const { originsOf } = options;
  return passwordProvider(
    originsOf === undefined ? oauth2Password : { ...oauth2Password, originsOf },
    settings,
  );
}

const oauth2Password: Vendor<OAuth2PasswordSettings, OAuth2PasswordExtra> = {
  name: 'oauth2-password',
  loadCalls: () => import('./calls.js'),
  identityOf: ({ username, clientId, scope, parameters }) => ({ username, clientId, scope, parameters }),
  canRevoke: ({ isDiscovered, revocationEndpoint }) => isDiscovered || revocationEndpoint !== undefined,
};
