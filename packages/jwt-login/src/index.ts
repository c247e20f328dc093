export { jwtLoginFromEnv } from './from-env.js';
export { createJwtLoginAuth, type JwtLoginAuthOptions } from './jwt-login.js';
export type { JwtLoginProviderOptions, RefreshMode } from './options.js';
export { jwtLoginProvider } from './provider.js';
export type { JwtLoginExtra } from './wire.js';
