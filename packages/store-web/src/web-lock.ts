import type { Lease } from '@auth/core';

/**
 * A lease by the Web Locks API: the browser gives it back when the tab closes or crashes, and suspends no tab that
 * holds one. It has no end of its own, so it is never lost but to a program that steals it.
 */
export async function webLock(name: string, signal: AbortSignal): Promise<Lease> {
  const { promise: granted, resolve: grant, reject: refuse } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const lost = new AbortController();
  let isHeld = true;
  const ended = navigator.locks
    .request(name, { signal }, () => {
      grant();
      return released;
    })
    .catch((error: unknown) => {
      refuse(error);
      isHeld = false;
      lost.abort();
    });
  await granted;
  return {
    lost: lost.signal,
    held: () => isHeld,
    async release() {
      isHeld = false;
      release();
      await ended;
    },
  };
}
