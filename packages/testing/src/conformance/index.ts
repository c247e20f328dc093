export { authProviderSuite, type ProviderFixture } from './auth-provider-suite.js';
export type { TestFunction } from './test-function.js';
export { tokenStoreSuite } from './token-store-suite.js';
