import { type Lease, randomId, type TokenRecord, type TokenStore } from '@auth/core';

/** What the suite asks of a peer. Plain data: it travels between processes. */
export type PeerCommand =
  /** Adds 1 to a number, so many times, by reading, comparing and trying again. */
  | { readonly do: 'count'; readonly key: string; readonly times: number }
  /** The value that stands there. */
  | { readonly do: 'read'; readonly key: string }
  /** Takes the lock, so many times; answers how often somebody else was inside too. */
  | { readonly do: 'intrude'; readonly key: string; readonly times: number }
  /** Whether its store has that. */
  | { readonly do: 'has'; readonly member: 'lock' | 'subscribe' }
  /** Takes the lock and keeps it. */
  | { readonly do: 'hold'; readonly key: string }
  /** Whether the lock taken by `hold` is held. */
  | { readonly do: 'held' }
  /** Gives it back. */
  | { readonly do: 'release' }
  /** Listens for changes by others. */
  | { readonly do: 'listen'; readonly key: string }
  /** How many changes it was told of. */
  | { readonly do: 'heard' };

/** Another process, tab or machine, with a store object of its own over the same data. */
export interface StorePeer {
  run(command: PeerCommand): Promise<unknown>;
  /** Ends it without giving it time for anything. */
  kill(): Promise<void>;
  /** Stops it in its tracks, where that can be done, and lets it go on. */
  readonly freeze?: (() => void) | undefined;
  readonly thaw?: (() => void) | undefined;
}

/** Carries out the suite's commands on a store, on the peer's side. */
export function servePeer(store: TokenStore): (command: PeerCommand) => Promise<unknown> {
  const { signal } = new AbortController();
  const take = (key: string): Promise<Lease> =>
    (store.lock as NonNullable<TokenStore['lock']>)(key, { signal });
  let lease: Lease | undefined;
  let heard = 0;
  return async (command) => {
    switch (command.do) {
      case 'count': {
        let counted = 0;
        while (counted < command.times) {
          const standing = await store.get(command.key);
          const next = record(String(Number(standing?.value ?? 0) + 1));
          if (await store.compareAndSet(command.key, standing?.id, next)) counted++;
        }
        return counted;
      }
      case 'read':
        return (await store.get(command.key))?.value;
      case 'intrude': {
        let met = 0;
        for (let round = 0; round < command.times; round++) {
          const own = await take(command.key);
          const before = await store.get(command.key);
          const inside = record('inside');
          const entered = await store.compareAndSet(command.key, before?.id, inside);
          await new Promise((resolve) => setTimeout(resolve, 5));
          const left = entered && (await store.compareAndSet(command.key, inside.id, record('outside')));
          if (before?.value === 'inside' || !left) met++;
          await own.release();
        }
        return met;
      }
      case 'has':
        return store[command.member] !== undefined;
      case 'hold':
        lease = await take(command.key);
        return lease.held();
      case 'held':
        return lease?.held();
      case 'release':
        await lease?.release();
        return true;
      case 'listen':
        store.subscribe?.(command.key, () => void heard++);
        return true;
      case 'heard':
        return heard;
    }
  };
}

function record(value: string): TokenRecord {
  return { id: randomId(), value };
}
