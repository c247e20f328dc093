import { Client } from 'pg';

/** Adds jobs that have been completed in the same queue, as pg-boss keeps them for a week where each run is a job. */
export async function addCompletedJobs(url: string, count: number): Promise<void> {
  const client = new Client(url);
  await client.connect();
  await client.query(
    `INSERT INTO pgboss.job (name, data, state, started_on, completed_on)
SELECT queue.name, jsonb_build_object('ref', number), 'completed', now(), now()
FROM (SELECT name FROM pgboss.job LIMIT 1) AS queue, generate_series(1, $1::int) AS number`,
    [count],
  );
  await client.query('ANALYZE pgboss.job');
  await client.end();
}
