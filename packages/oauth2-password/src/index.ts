export { oauth2PasswordFromEnv } from './from-env.js';
export { createOAuth2PasswordAuth, type OAuth2PasswordAuthOptions } from './oauth2-password.js';
export type { ClientAuthentication, OAuth2PasswordProviderOptions } from './options.js';
export {
  acumatica,
  identityServer,
  keycloak,
  type OAuth2PasswordPreset,
  salesforce,
  serviceNow,
} from './presets.js';
export { oauth2PasswordProvider } from './provider.js';
export type { OAuth2PasswordExtra } from './wire.js';
