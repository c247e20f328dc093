import { postgresServer, redisServer } from '@internal/test-tools';

/** The stores whose server is installed, if they need one. */
export const stores: readonly ('file' | 'redis' | 'postgres')[] = [
  'file',
  ...(redisServer().path === undefined ? [] : ['redis' as const]),
  ...(postgresServer().path === undefined ? [] : ['postgres' as const]),
];
