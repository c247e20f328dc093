import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import type { FetchLike, TokenStore } from '@auth/core';
import type { Point } from './worker-protocol.ts';

/** Calls `pause` when the first exchange comes to that point. Whatever else comes there meanwhile waits too. */
export function pauseAt(
  stopAt: Point | undefined,
  pause: (at: Point) => Promise<void>,
  store: TokenStore,
): { readonly store: TokenStore; readonly fetch: FetchLike } {
  let isLocked = false;
  let isAnswered = false;
  let paused: Promise<void> | undefined;
  const reach = async (point: Point): Promise<void> => {
    if (point !== stopAt) return;
    paused ??= pause(point);
    await paused;
  };
  if (stopAt === 'half_written' || stopAt === 'before_link' || stopAt === 'after_link') {
    pauseInFiles(reach, () => isAnswered);
  }
  return {
    store: {
      ...store,
      async get(key) {
        const record = await store.get(key);
        if (isLocked) await reach('before_held');
        return record;
      },
      async lock(key, options) {
        const lease = await (store.lock as NonNullable<TokenStore['lock']>)(key, options);
        isLocked = true;
        return lease;
      },
      async compareAndSet(key, expectedId, next) {
        if (isAnswered) await reach('after_answer');
        return store.compareAndSet(key, expectedId, next);
      },
    },
    async fetch(input, init) {
      await reach('before_request');
      const response = await fetch(input, init);
      isAnswered = true;
      await reach('after_commit');
      return response;
    },
  };
}

/** Replaces functions of node:fs/promises, so that the steps of writing a file can be paused. */
function pauseInFiles(reach: (point: Point) => Promise<void>, isAnswered: () => boolean): void {
  const { open, link } = filesystem;
  const isRecord = (path: unknown): boolean => isAnswered() && !String(path).includes('.lock.');
  filesystem.open = async (...args: Parameters<typeof open>) => {
    const file = await open(...args);
    if (!isRecord(args[0]) || !String(args[0]).includes('.tmp-')) return file;
    const { writeFile } = file;
    file.writeFile = async (data, ...rest) => {
      const text = String(data);
      await writeFile.call(file, text.slice(0, text.length / 2), ...rest);
      await reach('half_written');
      await writeFile.call(file, text.slice(text.length / 2), ...rest);
    };
    return file;
  };
  filesystem.link = async (existing, path) => {
    if (isRecord(path)) await reach('before_link');
    await link(existing, path);
    if (isRecord(path)) await reach('after_link');
  };
  syncBuiltinESMExports();
}
