export { createJoorAuth, type JoorAuthOptions } from './joor.js';
export { type JoorEnvironment, type JoorExtra, type JoorProviderOptions, joorProvider } from './provider.js';
