export type {
  Listener,
  ListeningClient,
  PostgresClient,
  PostgresListener,
  QueryClient,
  UnsafeClient,
} from './client.js';
export {
  type PostgresStore,
  type PostgresStoreOptions,
  postgresStore,
  postgresTables,
} from './postgres-store.js';
