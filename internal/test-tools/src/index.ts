export { type Certificates, makeCertificates } from './certificates.ts';
export { chromium } from './chromium.ts';
export { expectInstalled, find } from './installed.ts';
export { type Network, startNetwork } from './network.ts';
export { nodePrograms } from './node-programs.ts';
export { pnpm } from './pnpm.ts';
export {
  type PostgresServer,
  postgresServer,
  startPgBouncer,
  startPostgres,
  startReplica,
} from './postgres-server.ts';
export {
  type PrometheusRule,
  type PrometheusServer,
  prometheusServer,
  startPrometheus,
} from './prometheus-server.ts';
export { type RedisCluster, startRedisCluster } from './redis-cluster.ts';
export { freePort, type RedisNode } from './redis-node.ts';
export { type RedisSentinel, startRedisSentinel } from './redis-sentinel.ts';
export { isRedisInstalled, redisServer, startRedis } from './redis-server.ts';
export { type Ended, runProgram, type ServerProcess, startServer } from './run-program.ts';
