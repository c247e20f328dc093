import fs from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

/** One call of node:fs/promises or of an opened file, or an fsync of an opened file's descriptor. */
interface FileCall {
  readonly name: string;
  readonly args: readonly unknown[];
  /** For `open`: the number of the file that was opened. */
  opened?: number;
  /** The number of the file that was called. */
  readonly file?: number;
}

const moduleCalls = ['open', 'link', 'unlink', 'readdir', 'mkdir', 'lstat', 'chmod', 'rename'] as const;
const fileCalls = ['stat', 'readFile', 'writeFile', 'chmod', 'close'] as const;

type Callable = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** Records the calls of node:fs/promises that go through its module's exports from now on. */
export function recordFileCalls(): {
  /** The calls made while `work` ran. */
  during(work: () => Promise<void>): Promise<FileCall[]>;
  stop(): void;
  /** Replays the calls on another folder in the same state. Each call of the result goes on up to call `until`. */
  replayOf(calls: readonly FileCall[], from: string, to: string): (until: number) => Promise<void>;
} {
  const promises = fs.promises as unknown as Callable;
  const originals: Callable = { ...promises };
  let recording: FileCall[] | undefined;
  let files = 0;
  /** By descriptor: the number of the file that had the descriptor last. */
  const numbers = new Map<number, number>();
  for (const name of moduleCalls) {
    const original = originals[name] as Callable[string];
    promises[name] = async (...args) => {
      const call: FileCall = { name, args };
      recording?.push(call);
      const result = await original.apply(promises, args);
      if (name === 'open') watch(result as FileHandle, call);
      return result;
    };
  }
  const { fsync } = fs;
  fs.fsync = ((descriptor, callback) => {
    const file = numbers.get(descriptor);
    if (file !== undefined) recording?.push({ name: 'sync', args: [], file });
    fsync(descriptor, callback);
  }) as typeof fsync;
  syncBuiltinESMExports();

  function watch(handle: FileHandle, call: FileCall): void {
    const file = ++files;
    call.opened = file;
    numbers.set(handle.fd, file);
    const methods = handle as unknown as Callable;
    for (const name of fileCalls) {
      const original = (methods[name] as Callable[string]).bind(handle);
      methods[name] = (...args) => {
        recording?.push({ name, args, file });
        return original(...args);
      };
    }
  }

  return {
    async during(work) {
      recording = [];
      await work();
      const calls = recording;
      recording = undefined;
      return calls;
    },
    stop() {
      Object.assign(promises, originals);
      fs.fsync = fsync;
      syncBuiltinESMExports();
    },
    replayOf(calls, from, to) {
      const open = new Map<number, Callable>();
      const moved = (arg: unknown): unknown => (typeof arg === 'string' ? arg.replace(from, to) : arg);
      let done = 0;
      return async (until) => {
        for (; done < until; done++) {
          const { name, args, opened, file } = calls[done] as FileCall;
          if (file !== undefined) {
            await open.get(file)?.[name]?.(...args);
            if (name === 'close') open.delete(file);
            continue;
          }
          try {
            const result = await originals[name]?.(...args.map(moved));
            if (opened !== undefined) open.set(opened, result as Callable);
          } catch {
            // The call failed when it was recorded, too, because a name was taken or gone.
          }
        }
      };
    },
  };
}
