export { processPeers, queuePeers } from './process-peers.js';
