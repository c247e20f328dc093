import {
  assertOneOf,
  type PasswordOptions,
  type Secret,
  type ServerLocation,
  type ServerLocationOptions,
} from '@auth/provider-utils';

export type SimacanEnvironment = 'production' | 'staging';

/** Options of `passwordRefreshProvider`. */
export interface PasswordRefreshProviderOptions extends PasswordOptions, ServerLocationOptions {
  /** The URL before /auth/password; spread {@link simacan} for Simacan's. */
  readonly baseUrl: string;
}

/** What an account is made of. */
export interface PasswordRefreshSettings extends ServerLocation {
  readonly username: string;
  readonly password: Secret | undefined;
}

const hosts = {
  production: 'https://auth-service.services.simacan.com',
  staging: 'https://auth-service-stg.services.simacan.com',
} as const satisfies Record<SimacanEnvironment, string>;

/** Simacan's URL and origins, to be spread into the options. Production and staging have separate credentials. */
export function simacan(environment: SimacanEnvironment): {
  readonly baseUrl: string;
  readonly allowedOrigins: readonly string[];
} {
  assertOneOf('environment', environment, ['production', 'staging']);
  return { baseUrl: `${hosts[environment]}/api/v1`, allowedOrigins: ['https://*.services.simacan.com'] };
}
