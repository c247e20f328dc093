import { availableParallelism } from 'node:os';

/** Calls `start` for all items, as many at a time as there are processors; returns the results in the items' order. */
export async function inParallel<Item, Result>(
  items: readonly Item[],
  start: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await start(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  return results;
}
