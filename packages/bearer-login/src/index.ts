export { type BearerLoginAuth, type BearerLoginAuthOptions, createBearerLoginAuth } from './bearer-login.js';
export { bearerLoginFromEnv } from './from-env.js';
export { type BearerLoginProviderOptions, type TokenHeader, teletracker } from './options.js';
export { bearerLoginProvider } from './provider.js';
export type { BearerLoginExtra } from './wire.js';
