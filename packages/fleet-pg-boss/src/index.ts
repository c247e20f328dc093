export { type PgBossQueueOptions, pgBossQueue } from './pg-boss-queue.js';
export type { QueryPool } from './statements.js';
