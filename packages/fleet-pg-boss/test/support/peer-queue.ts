import type { RefreshQueue } from '@auth/fleet';
import { pgBossQueue } from '@auth/fleet-pg-boss';
import { Pool } from 'pg';

/** What each process of the suite opens: the queue of that name, in the database that its parent names. */
export async function createQueue(name: string): Promise<RefreshQueue> {
  const pool = new Pool({ connectionString: process.env['POSTGRES_URL'], max: 4 });
  return pgBossQueue({ pool, name });
}
