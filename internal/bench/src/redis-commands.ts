import type { Redis } from 'ioredis';
import type { Command } from './by-hand/redis-rotation.ts';

/** Lets a client write down the scripts that it sends. */
export function recordCommands(client: Redis): {
  during(work: () => Promise<void>): Promise<readonly Command[]>;
} {
  let recorded: Command[] | undefined;
  for (const name of ['eval', 'evalsha'] as const) {
    const send = client[name].bind(client) as (...parts: Command['parts']) => Promise<unknown>;
    client[name] = ((...parts: Command['parts']) => {
      recorded?.push({ name, parts });
      return send(...parts);
    }) as never;
  }
  return {
    async during(work) {
      const commands: Command[] = [];
      recorded = commands;
      await work();
      recorded = undefined;
      return commands;
    },
  };
}
