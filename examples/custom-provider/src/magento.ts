import { type AuthSessionOptions, createAuthSession } from '@auth/core';
import {
  defineProvider,
  type ProviderOptions,
  tokensAt,
} from '@auth/provider-utils';

/** Magento's admin token: a JWT, which says when it ends, and no refresh. */
export const magentoProvider = defineProvider({
  name: 'magento',
  login: ({ username, password }) => ({
    path: '/rest/V1/integration/admin/token',
    json: { username, password },
    parse: tokensAt({ accessToken: '' }),
  }),
});

export const createMagentoAuth = (
  options: ProviderOptions & AuthSessionOptions,
) => createAuthSession(magentoProvider(options), options);
