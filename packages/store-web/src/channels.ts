/** Tells other tabs of changes, with one channel a key and nothing in it but record ids. */
export class Channels {
  readonly #name: string;
  readonly #open = new Map<string, { channel: BroadcastChannel; listeners: Set<() => void> }>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Tells the other tabs. */
  tell(key: string, recordId: string): void {
    this.#channel(key)?.channel.postMessage(recordId);
  }

  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#channel(key)?.listeners;
    // Wrapped, so that one function given twice is two subscriptions.
    const own = (): void => listener();
    listeners?.add(own);
    return () => void listeners?.delete(own);
  }

  close(): void {
    for (const { channel } of this.#open.values()) channel.close();
    this.#open.clear();
  }

  #channel(key: string): { channel: BroadcastChannel; listeners: Set<() => void> } | undefined {
    const known = this.#open.get(key);
    if (known !== undefined || globalThis.BroadcastChannel === undefined) return known;
    const channel = new BroadcastChannel(`${this.#name}:${key}`);
    const listeners = new Set<() => void>();
    channel.onmessage = () => {
      for (const listener of [...listeners]) listener();
    };
    // On a server it must not hold the process open.
    (channel as { unref?: () => void }).unref?.();
    const opened = { channel, listeners };
    this.#open.set(key, opened);
    return opened;
  }
}
