import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
import { startPostgres, startRedis, startRedisCluster, startRedisSentinel } from '@internal/test-tools';
import type { Cluster, Redis } from 'ioredis';

/** Where the processes keep their tokens. Plain data: each process opens the store for itself. */
export type StorePlace = { readonly leaseMs?: number | undefined } & (
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'postgres'; readonly url: string }
  | RedisPlace
);

interface RedisPlace {
  readonly kind: 'redis' | 'redis-cluster' | 'redis-sentinel';
  readonly ports: readonly number[];
}

export const storeKinds: readonly StorePlace['kind'][] = [
  'file',
  'redis',
  'redis-cluster',
  'redis-sentinel',
  'postgres',
];

/** The name by which the sentinels know their primary. */
const primaryName = 'main';

/** A store over that place, for as long as the process lives or until it is disposed. */
export async function openStore(place: StorePlace): Promise<TokenStore & AsyncDisposable> {
  const { leaseMs } = place;
  if (place.kind === 'file') return fileStore({ directory: place.directory, leaseMs });
  if (place.kind === 'postgres') return openPostgres(place.url, leaseMs);
  // Processes on the file store start sooner without these.
  const [{ redisStore }, ioredis] = await Promise.all([import('@auth/store-redis'), import('ioredis')]);
  const client = connect(place, ioredis);
  // The calls that fail report the error.
  client.on('error', () => {});
  const store = redisStore({ client, leaseMs });
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      client.disconnect();
    },
  };
}

async function openPostgres(url: string, leaseMs: number | undefined): Promise<TokenStore & AsyncDisposable> {
  const [{ postgresStore }, { default: pg }] = await Promise.all([
    import('@auth/store-postgres'),
    import('pg'),
  ]);
  const pool = new pg.Pool({ connectionString: url, max: 3 });
  pool.on('error', () => {});
  const store = postgresStore({ client: pool, listen: () => new pg.Client(url), leaseMs });
  await store.migrate();
  return {
    ...store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await pool.end();
    },
  };
}

function connect(
  { kind, ports }: RedisPlace,
  libraries: Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>,
): Redis | Cluster {
  const nodes = ports.map((port) => ({ host: '127.0.0.1', port }));
  if (kind === 'redis-cluster') return new libraries.Cluster(nodes);
  if (kind === 'redis-sentinel') return new libraries.Redis({ sentinels: nodes, name: primaryName });
  return new libraries.Redis(nodes[0] as { host: string; port: number });
}

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
