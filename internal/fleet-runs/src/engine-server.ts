import { startPostgres, startRedis } from '@internal/test-tools';
import { type EngineUsage, usageOfPostgres, usageOfRedis } from './engine-usage.ts';
import type { EnginePlace } from './messages.ts';

export const engines: readonly EnginePlace['kind'][] = ['bullmq', 'pg-boss'];

/** The server of an engine. */
export interface EngineServer extends AsyncDisposable {
  readonly place: EnginePlace;
  usage(): Promise<EngineUsage>;
  kill(): Promise<void>;
  /** Starts it again, with its data or without. */
  restart(): Promise<void>;
}

export async function startEngine(kind: EnginePlace['kind'], keepsData = true): Promise<EngineServer> {
  if (kind === 'pg-boss') {
    if (!keepsData) throw new Error('PostgreSQL keeps its data');
    const postgres = await startPostgres();
    return { ...postgres, place: { kind, url: postgres.url }, usage: () => usageOfPostgres(postgres.url) };
  }
  const redis = await startRedis({ keepsData });
  return { ...redis, place: { kind, port: redis.port }, usage: () => usageOfRedis(redis.port) };
}
