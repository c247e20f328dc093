import type { TokenStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
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
export const primaryName = 'main';

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
