export { chromium } from './chromium.ts';
export { freePort, type RedisServer, redisServer, startRedis } from './redis-server.ts';
