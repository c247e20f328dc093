import { AuthError, type ChangeFeed, type ChangeFeedHandlers } from '@auth/core';

/** The part of a Pool or Client of `pg`, or of PGlite, that the store uses. */
export interface QueryClient {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: unknown[] }>;
}

/** The part of postgres.js' `sql` that the store uses. */
export interface UnsafeClient {
  unsafe(text: string, values?: never[]): { values(): PromiseLike<unknown> };
}

export type PostgresClient = QueryClient | UnsafeClient;

/** The part of a `pg` Client that hears of changes. */
export interface ListeningClient {
  connect(): Promise<unknown>;
  query(text: string): Promise<unknown>;
  on(event: string, listener: (...values: never[]) => void): unknown;
  end(): Promise<unknown>;
}

/** What postgres.js' `sql` and PGlite listen with. */
export interface Listener {
  listen(
    channel: string,
    onMessage: (message: string) => void,
    onListen?: never,
  ): PromiseLike<(() => PromiseLike<unknown>) | { unlisten(): PromiseLike<unknown> }>;
}

/** A function that makes a `pg` Client that is not connected yet; or postgres.js' `sql`, or a PGlite. */
export type PostgresListener = (() => ListeningClient) | Listener;

/** The columns of a row, in the order of the statement: postgres.js may be configured to give columns other names. */
export type Row = readonly unknown[];

/** Runs one statement. */
export type Query = (text: string, values: readonly unknown[]) => Promise<readonly Row[]>;

/** @throws AuthError `invalid_options` for anything that is not a client of one of the three libraries */
export function queryOf(client: PostgresClient): Query {
  const { unsafe, query } = (client ?? {}) as Partial<QueryClient & UnsafeClient>;
  if (typeof unsafe === 'function')
    return async (text, values) =>
      (await (client as UnsafeClient).unsafe(text, values as never).values()) as Row[];
  if (typeof query === 'function')
    return async (text, values) =>
      (await (client as QueryClient).query(text, [...values])).rows.map((row) =>
        Object.values(row as object),
      );
  throw new AuthError('invalid_options', {
    detail: 'client: expected a Pool or Client of pg, the sql of postgres.js, or a PGlite',
  });
}

interface MessageHandlers extends Omit<ChangeFeedHandlers, 'onChange'> {
  onMessage(message: string): void;
}

/** A feed of what is sent to the channel. */
export function feedOf(from: PostgresListener, channel: string, handlers: MessageHandlers): ChangeFeed {
  return 'listen' in from ? overListener(from, channel, handlers) : overPg(from(), channel, handlers);
}

function overPg(
  client: ListeningClient,
  channel: string,
  { onMessage, onError, onEnd }: MessageHandlers,
): ChangeFeed {
  client.on('error', onError);
  client.on('end', onEnd);
  client.on('notification', ({ payload = '' }: { payload?: string }) => onMessage(payload));
  return {
    async subscribe() {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    },
    ping: () => client.query('SELECT 1'),
    close: () => void client.end().catch(() => {}),
  };
}

/** postgres.js connects again by itself, and then calls `onReady`. PGlite has no connection to lose. */
function overListener(listener: Listener, channel: string, handlers: MessageHandlers): ChangeFeed {
  let isClosed = false;
  let stop = (): void => {};
  return {
    async subscribe() {
      const onMessage = (message: string): void => {
        if (!isClosed) handlers.onMessage(message);
      };
      const onListen = 'waitReady' in listener ? [] : [handlers.onReady as never];
      const listening = await listener.listen(channel, onMessage, ...onListen);
      const unlisten = typeof listening === 'function' ? listening : listening.unlisten;
      stop = () => void Promise.resolve(unlisten()).catch(() => {});
      if (isClosed) stop();
    },
    close() {
      isClosed = true;
      stop();
    },
  };
}
