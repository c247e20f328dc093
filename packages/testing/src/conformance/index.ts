export { authProviderSuite } from './auth-provider-suite.js';
export type { ProviderFixture } from './provider-fixture.js';
export type { QueueEngine } from './queue-faults.js';
export { type QueuePeer, type QueuePeerCommand, serveQueuePeer } from './queue-peer.js';
export type { QueueUnderTest } from './queue-scene.js';
export { type QueueSuiteOptions, queueSuite } from './queue-suite.js';
export { type PeerCommand, type StorePeer, servePeer } from './store-peer.js';
export type { TestFunction } from './test-function.js';
export { type TokenStoreSuiteOptions, tokenStoreSuite } from './token-store-suite.js';
