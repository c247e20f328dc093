import { Redis } from 'ioredis';
import { Client } from 'pg';

/** What an engine's server has used: CPU time, milliseconds, and what it keeps, bytes. */
export interface EngineUsage {
  /** PostgreSQL's processes do not tell. */
  readonly cpuMs: number | undefined;
  readonly bytes: number;
}

export async function usageOfRedis(port: number): Promise<EngineUsage> {
  const client = new Redis(port, '127.0.0.1');
  const info = `${await client.info('cpu')}${await client.info('memory')}`;
  client.disconnect();
  const value = (name: string): number => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1]);
  const cpuMs = 1_000 * (value('used_cpu_user') + value('used_cpu_sys'));
  return { cpuMs, bytes: value('used_memory') };
}

/** How often clients have had a script run: all that the store sends are scripts. */
export async function scriptsRunBy(port: number): Promise<number> {
  const client = new Redis(port, '127.0.0.1');
  const info = await client.info('commandstats');
  client.disconnect();
  return [...info.matchAll(/^cmdstat_eval(?:sha)?:calls=(\d+)/gm)].reduce(
    (sum, [, calls]) => sum + Number(calls),
    0,
  );
}

export async function usageOfPostgres(url: string): Promise<EngineUsage> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query('SELECT pg_database_size(current_database())::float8 AS bytes');
  await client.end();
  return { cpuMs: undefined, bytes: (rows[0] as { bytes: number }).bytes };
}
