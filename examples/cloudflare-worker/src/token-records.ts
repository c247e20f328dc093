import { DurableObject } from 'cloudflare:workers';
import { leasedStore, type TokenRecord, type TokenStore } from '@auth/core';

const place = 'record';

/** Keeps one record. A name has one object worldwide, and calls of its methods never overlap. */
export class TokenRecords extends DurableObject {
  get(): TokenRecord | undefined {
    return this.ctx.storage.kv.get<TokenRecord>(place);
  }

  compareAndSet(expectedId: string | undefined, next: TokenRecord): boolean {
    if (this.get()?.id !== expectedId) return false;
    this.ctx.storage.kv.put(place, next);
    return true;
  }
}

/**
 * Tokens in Durable Objects: one object for each key, and one for the key's lease. Each call makes a new stub, because
 * a stub belongs to the request that made it.
 */
export function durableObjectStore(objects: DurableObjectNamespace<TokenRecords>): TokenStore {
  return leasedStore({
    get: (key) => objects.getByName(key).get(),
    compareAndSet: (key, expectedId, next) => objects.getByName(key).compareAndSet(expectedId, next),
  });
}
