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

/** How a Redis is started. */
export interface RedisOptions {
  /** Default any free port. */
  readonly port?: number;
  /** Whether it has its data again after a crash. Default false. */
  readonly keepsData?: boolean;
}

/** Starts a separate Redis on loopback. @throws Error if it is missing */
export function startRedis({ port, keepsData = false }: RedisOptions = {}): Promise<RedisNode> {
  return startNode([], port, keepsData);
}
