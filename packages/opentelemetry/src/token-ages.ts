import type { AuthEvent } from '@auth/core';

/** Each takes less than 200 bytes. */
const maxKeys = 100_000;

interface Issued {
  readonly id: string;
  readonly at: number;
}

/**
 * When the set under each key was issued, where this process fetched it: events name sets, and do not tell their age.
 * So each set's age is known to one process, however many share the store.
 */
export class TokenAges {
  #recent = new Map<string, Issued>();
  /** Those of keys that have seen no exchange while {@link maxKeys} others have: forgotten when that happens again. */
  #older = new Map<string, Issued>();

  /** The age of the set that the event ends, in milliseconds. Undefined: it ends none whose age is known. */
  endedBy(event: AuthEvent): number | undefined {
    const { key, at } = event;
    switch (event.type) {
      case 'login': {
        const issued = this.#take(key);
        this.#remember(key, { id: event.tokenId, at });
        return ageOf(issued, issued?.id, at);
      }
      case 'refresh': {
        const issued = this.#take(key);
        this.#remember(key, { id: event.tokenId, at });
        return ageOf(issued, event.previousId, at);
      }
      case 'adopted':
        return ageOf(this.#take(key), event.previousId, at);
      case 'token_rejected':
        return event.ignored ? undefined : ageOf(this.#take(key), event.tokenId, at);
      case 'signed_out':
        this.#take(key);
    }
    return undefined;
  }

  #take(key: string): Issued | undefined {
    const issued = this.#recent.get(key) ?? this.#older.get(key);
    this.#recent.delete(key);
    this.#older.delete(key);
    return issued;
  }

  #remember(key: string, issued: Issued): void {
    this.#recent.set(key, issued);
    if (this.#recent.size < maxKeys) return;
    this.#older = this.#recent;
    this.#recent = new Map();
  }
}

/** A clock that was set back makes no set younger than new. */
function ageOf(issued: Issued | undefined, id: string | undefined, at: number): number | undefined {
  return issued === undefined || issued.id !== id ? undefined : Math.max(0, at - issued.at);
}
