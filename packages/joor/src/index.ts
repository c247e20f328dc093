export { joorFromEnv } from './from-env.js';
export { createJoorAuth, type JoorAuthOptions } from './joor.js';
export type { JoorEnvironment, JoorProviderOptions } from './options.js';
export { joorProvider } from './provider.js';
export type { JoorExtra } from './wire.js';
