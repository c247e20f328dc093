import type { PostgresClient, PostgresListener } from '../../src/index.js';

/** A client of a library, how it listens, and the way to end both. */
export interface OwnClient {
  readonly client: PostgresClient;
  readonly listen: PostgresListener;
  end(): Promise<void>;
}

/** The libraries, as a program would use them. A peer process loads only the library that it opens. */
export const libraries: Readonly<Record<string, (url: string, isPooled?: boolean) => Promise<OwnClient>>> = {
  pg: async (url) => {
    const { default: pg } = await import('pg');
    const client = new pg.Pool({ connectionString: url, max: 5 });
    client.on('error', () => {});
    return { client, listen: () => new pg.Client(url), end: () => client.end() };
  },
  'postgres.js': async (url, isPooled = false) => {
    const { default: postgres } = await import('postgres');
    // PgBouncer hangs where one connection has several queries under way.
    const pooling = isPooled ? { max_pipeline: 0 } : {};
    const sql = postgres(url, { max: 5, onnotice: () => {}, ...pooling });
    return { client: sql, listen: sql, end: () => sql.end({ timeout: 1 }) };
  },
};
