import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
import { startRedis } from '@internal/test-tools';

/** Where the processes keep their tokens. Plain data: each process opens the store for itself. */
export type StorePlace = { readonly leaseMs?: number | undefined } & (
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'redis'; readonly port: number }
);

/** A store over that place, for as long as the process lives or until it is disposed. */
export async function openStore(place: StorePlace): Promise<TokenStore & AsyncDisposable> {
  const { leaseMs } = place;
  if (place.kind === 'file') return fileStore({ directory: place.directory, leaseMs });
  // Processes on the file store start sooner without these.
  const [{ redisStore }, { Redis }] = await Promise.all([import('@auth/store-redis'), import('ioredis')]);
  const client = new Redis(place.port, '127.0.0.1');
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

/** An empty place that is removed after use: a folder, or a Redis of its own. */
export async function temporaryPlace(
  kind: StorePlace['kind'],
  leaseMs?: number,
): Promise<{ readonly place: StorePlace } & AsyncDisposable> {
  if (kind === 'redis') {
    const server = await startRedis();
    const place = { kind, port: server.port, leaseMs };
    return { place, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }
  const directory = mkdtempSync(join(tmpdir(), 'group-'));
  return {
    place: { kind, directory, leaseMs },
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
  };
}
