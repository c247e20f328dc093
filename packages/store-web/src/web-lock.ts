import type { Lease } from '@auth/core';

/**
 * A lease by the Web Locks API. The browser releases it when the tab closes or crashes, and does not suspend a tab that
 * holds it. The lease does not expire; it is lost only if a program steals the lock.
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
