export { processPeers } from './process-peers.js';
