/** Lets `work` run for at most `limit` callers at a time; the others wait in the order in which they came. */
export function fewAtATime<Value, Result>(
  limit: number,
  work: (value: Value) => Promise<Result>,
): (value: Value) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (value) => {
    if (running === limit) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work(value);
    } finally {
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}
