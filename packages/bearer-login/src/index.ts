export { type BearerLoginAuth, type BearerLoginAuthOptions, createBearerLoginAuth } from './bearer-login.js';
export {
  type BearerLoginExtra,
  type BearerLoginProviderOptions,
  bearerLoginProvider,
  type TokenHeader,
  teletracker,
} from './provider.js';
