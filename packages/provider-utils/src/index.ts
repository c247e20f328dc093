export { says } from './answers.js';
export { basicAuthorization } from './basic-authorization.js';
export { setCookies } from './cookies.js';
export {
  type CallAt,
  defineProvider,
  type ProviderDefinition,
  type ProviderOptions,
} from './define-provider.js';
export { type Environment, optionsInEnvironment } from './environment.js';
export {
  assertOneOf,
  assertOneTimeCode,
  assertOptions,
  assertPath,
  assertSecret,
  assertText,
  invalidOption,
  type OneTimeCode,
  type PasswordOptions,
  type Secret,
  type ServerLocation,
  type ServerLocationOptions,
  secretOf,
  serverLocationOf,
} from './options.js';
export {
  type AccountSettings,
  type LoginSecrets,
  passwordProvider,
  type Vendor,
  type VendorCalls,
} from './password-provider.js';
export { callVendor, preload, requestTokens } from './request-tokens.js';
export type { Answer, TokenCall, TokenRequest } from './token-request.js';
export { type Expiry, type TextAt, type TokenPaths, tokensAt } from './tokens-at.js';
