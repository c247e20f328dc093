export { chromium } from './chromium.ts';
export { pnpm } from './pnpm.ts';
export { isRedisInstalled, type RedisServer, redisServer, startRedis } from './redis-server.ts';
export { type Ended, runProgram, type ServerProcess, startServer } from './run-program.ts';
