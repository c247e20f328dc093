import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TokenStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
import { redisStore } from '@auth/store-redis';
import { startRedis } from '@internal/test-tools';
import { Redis } from 'ioredis';

/** Where a fleet keeps its tokens. Plain data: every process opens it for itself. */
export type StorePlace = { readonly leaseMs?: number | undefined } & (
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'redis'; readonly port: number }
);

/** A store over that place, for as long as the process lives or until it is disposed. */
export function openStore(place: StorePlace): TokenStore & AsyncDisposable {
  const { leaseMs } = place;
  if (place.kind === 'file') return fileStore({ directory: place.directory, leaseMs });
  const client = new Redis(place.port, '127.0.0.1');
  // Told by the calls that fail.
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

/** An empty place that is gone after use: a folder, or a Redis of its own. */
export async function temporaryPlace(
  kind: StorePlace['kind'],
  leaseMs?: number,
): Promise<{ readonly place: StorePlace } & AsyncDisposable> {
  if (kind === 'redis') {
    const server = await startRedis();
    const place = { kind, port: server.port, leaseMs };
    return { place, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
  }
  const directory = mkdtempSync(join(tmpdir(), 'fleet-'));
  return {
    place: { kind, directory, leaseMs },
    [Symbol.asyncDispose]: async () => rmSync(directory, { recursive: true, force: true }),
  };
}
