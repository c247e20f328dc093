import { type AuthSessionOptions, createAuthSession } from '@auth/core';
import { defineProvider, type ProviderOptions, tokensAt } from '@auth/provider-utils';

const parse = tokensAt({ accessToken: 'token', refreshToken: 'renewal', expires: ['seconds', 'seconds'] });

export const warehouseProvider = defineProvider({
  name: 'warehouse',
  login: ({ username, password }) => ({ path: '/login', json: { username, password }, parse }),
  refresh: ({ refreshToken }) => ({ path: '/renew', json: { renewal: refreshToken }, parse }),
});

export const createWarehouseAuth = (options: ProviderOptions & AuthSessionOptions) =>
  createAuthSession(warehouseProvider(options), options);
