import { type Lease, randomId, type TokenRecord, type TokenStore } from '@auth/core';

/** A command of the suite to a peer. Plain data, because commands are sent between processes. */
export type PeerCommand =
  /** Increments the stored number `times` times; repeats a write that loses its comparison. */
  | { readonly do: 'count'; readonly key: string; readonly times: number }
  /** Returns the stored value. */
  | { readonly do: 'read'; readonly key: string }
  /** Takes the lock `times` times; returns how often another peer was inside at the same time. */
  | { readonly do: 'intrude'; readonly key: string; readonly times: number }
  /** Returns whether the peer's store has that member. */
  | { readonly do: 'has'; readonly member: 'lock' | 'subscribe' | 'dataId' }
  /** Returns the name of the data. */
  | { readonly do: 'name' }
  /** Takes the lock and keeps it. */
  | { readonly do: 'hold'; readonly key: string }
  /** Returns whether the lock taken by `hold` is still held. */
  | { readonly do: 'held' }
  /** Releases the lock taken by `hold`. */
  | { readonly do: 'release' }
  /** Listens for changes by others. */
  | { readonly do: 'listen'; readonly key: string }
  /** Returns how many changes the peer was notified of. */
  | { readonly do: 'heard' };

/** Another process, tab or machine, with a store object of its own over the same data. */
export interface StorePeer {
  run(command: PeerCommand): Promise<unknown>;
  /** Ends the peer without giving it time for anything. */
  kill(): Promise<void>;
  /** Suspends the peer, and lets it go on. Absent if that is not possible. */
  readonly freeze?: (() => void) | undefined;
  readonly thaw?: (() => void) | undefined;
}

/** Carries out the suite's commands on a store, on the peer's side. */
export function servePeer(store: TokenStore): (command: PeerCommand) => Promise<unknown> {
  const { signal } = new AbortController();
  const takeLock = (key: string): Promise<Lease> =>
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
        let overlaps = 0;
        for (let round = 0; round < command.times; round++) {
          const own = await takeLock(command.key);
          const before = await store.get(command.key);
          const inside = record('inside');
          const entered = await store.compareAndSet(command.key, before?.id, inside);
          await new Promise((resolve) => setTimeout(resolve, 5));
          const left = entered && (await store.compareAndSet(command.key, inside.id, record('outside')));
          if (before?.value === 'inside' || !left) overlaps++;
          await own.release();
        }
        return overlaps;
      }
      case 'has':
        return store[command.member] !== undefined;
      case 'name':
        return store.dataId?.();
      case 'hold':
        lease = await takeLock(command.key);
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
