import { postgresServer, redisServer } from '@internal/test-tools';

/** The stores whose server is installed, if they need one. */
export const stores: readonly ('file' | 'redis' | 'postgres')[] = [
  'file',
  ...(redisServer().path === undefined ? [] : ['redis' as const]),
  ...(postgresServer().path === undefined ? [] : ['postgres' as const]),
];

/** `check` has every race on the file store, and the simplest on the servers: each process costs time. */
export function alsoLong(kind: (typeof stores)[number]): string[] {
  return kind === 'file' ? [] : ['long'];
}
