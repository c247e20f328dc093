import { expect, test } from 'vitest';
import type { Connection } from '../src/client.js';
import { GatheredReads } from '../src/gathered-reads.js';

/** A connection that answers each key with its name, unless `refuse` has an error for all of them. */
function readsOver(refuse: (keys: readonly string[]) => Error | undefined) {
  const commands: number[] = [];
  const run = async (_: unknown, keys: string | readonly string[]): Promise<unknown> => {
    const names = [keys].flat();
    commands.push(names.length);
    const error = refuse(names);
    if (error !== undefined) throw error;
    return names;
  };
  const reads = new GatheredReads({ run, isCluster: false } as unknown as Connection);
  const readAll = (...names: string[]) => Promise.allSettled(names.map((name) => reads.read(name)));
  return { commands, readAll };
}

const found = (...names: string[]) => names.map((value) => ({ status: 'fulfilled', value }));

test('a cluster behind one connection is read key by key', async () => {
  const { commands, readAll } = readsOver((keys) =>
    keys.length > 1 ? new Error("CROSSSLOT Keys in request don't hash to the same slot") : undefined,
  );
  expect(await readAll('a', 'b')).toEqual(found('a', 'b'));
  expect(await readAll('c', 'd')).toEqual(found('c', 'd'));
  expect(commands).toEqual([2, 1, 1, 1, 1]);
});

test('a key that the user may not read takes no other with it', async () => {
  const denied = new Error('NOPERM No permissions to access a key');
  const { readAll } = readsOver((keys) => (keys.includes('b') ? denied : undefined));
  expect(await readAll('a', 'b', 'c')).toEqual([
    ...found('a'),
    { status: 'rejected', reason: denied },
    ...found('c'),
  ]);
});

test('any other error is told to all, and nothing is sent again', async () => {
  const { commands, readAll } = readsOver(() => new Error('Connection is closed.'));
  expect((await readAll('a', 'b')).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(commands).toEqual([2]);
});
