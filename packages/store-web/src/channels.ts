interface OpenChannel {
  readonly channel: BroadcastChannel;
  readonly listeners: Set<() => void>;
}

/** Tells other tabs of changes, over one channel per key, which carries record ids only. */
export class Channels {
  readonly #name: string;
  readonly #open = new Map<string, OpenChannel>();

  constructor(name: string) {
    this.#name = name;
  }

  /** Tells the other tabs, where that is possible. */
  tell(key: string, recordId: string): void {
    const listening = this.#open.get(key)?.channel;
    const channel = listening ?? this.#create(key);
    channel?.postMessage(recordId);
    if (listening === undefined) channel?.close();
  }

  subscribe(key: string, listener: () => void): () => void {
    const opened = this.#open.get(key) ?? this.#listen(key);
    if (opened === undefined) return () => {};
    // Wrapped, so that one function given twice is two subscriptions.
    const own = (): void => listener();
    opened.listeners.add(own);
    return () => {
      opened.listeners.delete(own);
      if (opened.listeners.size > 0 || this.#open.get(key) !== opened) return;
      this.#open.delete(key);
      opened.channel.close();
    };
  }

  close(): void {
    for (const { channel } of this.#open.values()) channel.close();
    this.#open.clear();
  }

  #listen(key: string): OpenChannel | undefined {
    const channel = this.#create(key);
    if (channel === undefined) return undefined;
    const listeners = new Set<() => void>();
    channel.onmessage = () => {
      for (const listener of [...listeners]) listener();
    };
    const opened = { channel, listeners };
    this.#open.set(key, opened);
    return opened;
  }

  #create(key: string): BroadcastChannel | undefined {
    try {
      const channel = new BroadcastChannel(`${this.#name}:${key}`);
      // On a server the channel must not keep the process alive.
      (channel as { unref?: () => void }).unref?.();
      return channel;
    } catch {
      // BroadcastChannel is missing, or forbidden together with storage: tabs cannot notify each other.
      return undefined;
    }
  }
}
