export { createJwtLoginAuth, type JwtLoginAuthOptions } from './jwt-login.js';
export {
  type JwtLoginExtra,
  type JwtLoginProviderOptions,
  jwtLoginProvider,
  type RefreshMode,
} from './provider.js';
