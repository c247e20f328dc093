/**
 * A function that starts `run`, which never rejects. Calls while it runs make it run once more afterwards, however many
 * they are: a store may announce thousands of changes at once.
 */
export function coalesced(run: () => Promise<unknown>): () => void {
  let isRunning = false;
  let isAskedAgain = false;
  return async () => {
    isAskedAgain = true;
    if (isRunning) return;
    isRunning = true;
    while (isAskedAgain) {
      isAskedAgain = false;
      await run();
    }
    isRunning = false;
  };
}
