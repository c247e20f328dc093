export { chromium } from './chromium.ts';
export { type RedisServer, redisServer, startRedis } from './redis-server.ts';
