import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, startRedis, startRedisCluster, startRedisSentinel } from '@internal/test-tools';
import { primaryName, type StorePlace } from './store-place.ts';

/** An empty place that is removed after use. */
export interface TemporaryPlace extends AsyncDisposable {
  readonly place: StorePlace;
  /** Kills the primary, where sentinels watch it: a replica takes its place. */
  readonly failOver?: () => Promise<void>;
}

/** A folder, or servers of its own. */
export async function temporaryPlace(kind: StorePlace['kind'], leaseMs?: number): Promise<TemporaryPlace> {
  if (kind === 'redis') {
    const server = await startRedis();
    const place = { kind, ports: [server.port], leaseMs };
    return { place, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }
  if (kind === 'redis-cluster') {
    const cluster = await startRedisCluster();
    const place = { kind, ports: cluster.nodes.map(({ port }) => port), leaseMs };
    return { place, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
  }
  if (kind === 'redis-sentinel') {
    const sentinel = await startRedisSentinel(primaryName);
    const place = { kind, ports: sentinel.ports, leaseMs };
    const failOver = sentinel.killPrimary;
    return { place, failOver, [Symbol.asyncDispose]: () => sentinel[Symbol.asyncDispose]() };
  }
  if (kind === 'postgres') {
    const server = await startPostgres();
    const place = { kind, url: server.url, leaseMs };
    return { place, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }
  const directory = mkdtempSync(join(tmpdir(), 'group-'));
  return {
    place: { kind, directory, leaseMs },
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
  };
}
