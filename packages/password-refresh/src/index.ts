export { passwordRefreshFromEnv } from './from-env.js';
export { type PasswordRefreshProviderOptions, type SimacanEnvironment, simacan } from './options.js';
export { createPasswordRefreshAuth, type PasswordRefreshAuthOptions } from './password-refresh.js';
export { passwordRefreshProvider } from './provider.js';
export type { PasswordRefreshExtra } from './wire.js';
