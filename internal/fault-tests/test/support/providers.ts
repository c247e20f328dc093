import { createBearerLoginAuth } from '@auth/bearer-login';
import type { AuthSession, AuthSessionOptions } from '@auth/core';
import { createJoorAuth } from '@auth/joor';
import { createJwtLoginAuth } from '@auth/jwt-login';
import { createPasswordRefreshAuth } from '@auth/password-refresh';

type Options = AuthSessionOptions<never> & { readonly username?: string; readonly password?: string };

/** What a login answer of each vendor looks like, and how a session with it is opened. */
export const providers = {
  joor: {
    good: { access_token: 'a', expires_in: 60, refresh_token: 'r' },
    open: (options: Options): AuthSession =>
      createJoorAuth({
        environment: 'sandbox',
        clientId: 'client',
        clientSecret: 'client-secret',
        refresh: { tokenEndpoint: 'https://atlas-sandbox.jooraccess.com/token' },
        username: 'ada',
        password: 'her-password',
        ...options,
      }) as AuthSession,
  },
  'bearer-login': {
    good: { success: true, token: 'a', refreshToken: 'r', tokenLifetime: 60 },
    open: (options: Options): AuthSession =>
      createBearerLoginAuth({
        baseUrl: 'https://tracker.example',
        username: 'ada',
        password: 'her-password',
        ...options,
      }) as AuthSession,
  },
  'password-refresh': {
    good: { access_token: 'a', refresh_token: 'r', expires_in: 60 },
    open: (options: Options): AuthSession =>
      createPasswordRefreshAuth({
        baseUrl: 'https://trips.example',
        username: 'ada',
        password: 'her-password',
        ...options,
      }) as AuthSession,
  },
  'jwt-login': {
    good: { access_token: 'a', refresh_token: 'r', expires_in: 60 },
    open: (options: Options): AuthSession =>
      createJwtLoginAuth({
        baseUrl: 'https://polls.example',
        username: 'ada',
        password: 'her-password',
        ...options,
      }) as AuthSession,
  },
} as const;

export type ProviderName = keyof typeof providers;
export const providerNames = Object.keys(providers) as ProviderName[];
