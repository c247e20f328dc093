export { createPasswordRefreshAuth, type PasswordRefreshAuthOptions } from './password-refresh.js';
export {
  type PasswordRefreshExtra,
  type PasswordRefreshProviderOptions,
  passwordRefreshProvider,
  type SimacanEnvironment,
  simacan,
} from './provider.js';
