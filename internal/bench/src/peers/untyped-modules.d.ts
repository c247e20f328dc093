declare module 'undici-oidc-interceptor' {
  import type { Dispatcher } from 'undici';

  export function createOidcInterceptor(options: {
    readonly clientId: string;
    readonly clientSecret?: string;
    readonly idpTokenUrl: string;
    readonly urls: readonly string[];
    readonly accessToken?: string;
    readonly retryOnStatusCodes?: readonly number[];
  }): Dispatcher.DispatcherComposeInterceptor;
}
