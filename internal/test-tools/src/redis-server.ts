import { expectInstalled, find, type Program } from './installed.ts';
import { type RedisNode, redisNames, startNode } from './redis-node.ts';

/** Redis, for tests that need it. */
export function redisServer(): Program {
  return expectInstalled(redisNames, 'everything on Redis', 'apt-get install -y redis-server');
}

/** Whether Redis is installed, for programs that can do without it. */
export function isRedisInstalled(): boolean {
  return find(redisNames) !== undefined;
}

/** Starts a separate Redis on loopback, on any free port unless told otherwise. @throws Error if it is missing */
export function startRedis({ port }: { readonly port?: number } = {}): Promise<RedisNode> {
  return startNode([], port);
}
