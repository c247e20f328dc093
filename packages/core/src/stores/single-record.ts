import type { TokenRecord, TokenStore } from '../store.js';

/** The store of a session that was given none: one record, which this session alone reads and writes. */
export class SingleRecord implements TokenStore {
  #record: TokenRecord | undefined;

  get(): TokenRecord | undefined {
    return this.#record;
  }

  compareAndSet(_key: string, expectedId: string | undefined, next: TokenRecord): boolean {
    if (this.#record?.id !== expectedId) return false;
    this.#record = next;
    return true;
  }
}
