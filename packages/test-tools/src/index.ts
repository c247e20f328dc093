export { chromium } from './chromium.ts';
export { isRedisInstalled, type RedisServer, redisServer, startRedis } from './redis-server.ts';
