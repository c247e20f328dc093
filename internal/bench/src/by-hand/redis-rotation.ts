/** A command as the store has sent it: a script or its hash, the number of keys, the key, and the values. */
export interface Command {
  readonly name: 'eval' | 'evalsha';
  readonly parts: readonly [script: string, keys: number, key: string, ...values: string[]];
}

/** Sends commands one after the other, on a key of their own: what remains without session and store. */
export async function sendByHand(
  client: Record<Command['name'], (...parts: Command['parts']) => Promise<unknown>>,
  commands: readonly Command[],
): Promise<void> {
  for (const { name, parts } of commands) {
    const [script, keys, key, ...values] = parts;
    await client[name](script, keys, `by-hand:${key}`, ...values);
  }
}
