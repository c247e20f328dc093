import { flushCompileCache } from 'node:module';
import { type PostgresStore, postgresStore } from '@auth/store-postgres';
import { libraries } from './clients.ts';

export const leaseMs = 2_500;

/** What each process of the suite opens: the library and server that its parent names, and the place's own table. */
export async function createStore(place: string): Promise<PostgresStore> {
  const { POSTGRES_LIBRARY: library = '', POSTGRES_URL: url = '' } = process.env;
  const open = libraries[library] as NonNullable<(typeof libraries)[string]>;
  const { client, listen } = await open(url);
  // The next process loads the library faster. This one is killed, and would write nothing at its end.
  flushCompileCache();
  const store = postgresStore({ client, listen, table: place.replaceAll('-', '_'), leaseMs });
  await store.migrate();
  return store;
}
