import { AuthError } from '../errors.js';
import type { TokenRecord, TokenStore } from '../store.js';

/** A 256-bit AES key: 32 bytes, or a CryptoKey for AES-GCM. */
export type EncryptionKey = AesGcmKey | Uint8Array;

/** WebCrypto's CryptoKey, described here because not every TypeScript `lib` has that type. */
export interface AesGcmKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

/** Options of {@link encryptedStore}. */
export interface EncryptedStoreOptions {
  /**
   * The first key encrypts, all keys decrypt. To rotate, put a new key first, and remove the old key once all records
   * are rewritten.
   */
  readonly keys: readonly EncryptionKey[];
}

const prefix = 'enc1:';
const nonceLength = 12;

/**
 * Encrypts what another store holds with AES-256-GCM. Key, record id and `evictAt` stay readable and are
 * authenticated, so a value moved to another account does not decrypt. A record that does not decrypt is
 * `store_failed` and is never overwritten. `lock`, `subscribe` and `dataId` pass through where the
 * store has them.
 *
 * @throws AuthError `invalid_options` without a usable key
 */
export function encryptedStore(store: TokenStore, options: EncryptedStoreOptions): TokenStore {
  if (!Array.isArray(options?.keys))
    throw new AuthError('invalid_options', { detail: 'keys: expected an array' });
  const keys = options.keys.map(importKey);
  const [first] = keys;
  if (first === undefined) throw new AuthError('invalid_options', { detail: 'keys: expected at least one' });

  return {
    async get(key) {
      const record = await store.get(key);
      // Many stores say null for nothing.
      return record === undefined || record === null ? undefined : open(keys, key, record);
    },
    async compareAndSet(key, expectedId, next) {
      return store.compareAndSet(key, expectedId, await seal(await first(), key, next));
    },
    ...(store.lock === undefined ? {} : { lock: store.lock.bind(store) }),
    ...(store.subscribe === undefined ? {} : { subscribe: store.subscribe.bind(store) }),
    ...(store.dataId === undefined ? {} : { dataId: store.dataId.bind(store) }),
  };
}

type KeySource = () => Promise<CryptoKey>;

function importKey(key: EncryptionKey): KeySource {
  if (key instanceof Uint8Array) {
    if (key.byteLength !== 32) throw new AuthError('invalid_options', { detail: 'keys: expected 32 bytes' });
    const bytes = key.slice();
    let imported: Promise<CryptoKey> | undefined;
    return () => {
      imported ??= crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
      return imported;
    };
  }
  const algorithm = (key as AesGcmKey | undefined)?.algorithm as
    | { name?: string; length?: number }
    | undefined;
  if (algorithm?.name !== 'AES-GCM' || algorithm.length !== 256) {
    throw new AuthError('invalid_options', {
      detail: 'keys: expected 32 bytes or a CryptoKey for AES-GCM, 256 bits',
    });
  }
  return () => Promise.resolve(key as CryptoKey);
}

async function seal(cryptoKey: CryptoKey, key: string, record: TokenRecord): Promise<TokenRecord> {
  const nonce = crypto.getRandomValues(new Uint8Array(nonceLength));
  const plain = new TextEncoder().encode(record.value);
  const sealed = await crypto.subtle.encrypt(algorithm(nonce, key, record), cryptoKey, plain);
  return { ...record, value: prefix + toBase64(nonce, new Uint8Array(sealed)) };
}

async function open(keys: readonly KeySource[], key: string, record: TokenRecord): Promise<TokenRecord> {
  const bytes = record.value.startsWith(prefix) ? fromBase64(record.value.slice(prefix.length)) : undefined;
  if (bytes !== undefined && bytes.length > nonceLength) {
    const nonce = bytes.subarray(0, nonceLength);
    for (const source of keys) {
      try {
        const plain = await crypto.subtle.decrypt(
          algorithm(nonce, key, record),
          await source(),
          bytes.subarray(nonceLength),
        );
        return { ...record, value: new TextDecoder().decode(plain) };
      } catch {
        // Try the next key.
      }
    }
  }
  throw new AuthError('store_failed', { detail: 'the stored record does not decrypt with any of the keys' });
}

function algorithm(nonce: Uint8Array<ArrayBuffer>, key: string, record: TokenRecord): AesGcmParams {
  const bound = JSON.stringify(['v1', key, record.id, record.evictAt ?? null]);
  return { name: 'AES-GCM', iv: nonce, additionalData: new TextEncoder().encode(bound) };
}

function toBase64(...parts: readonly Uint8Array[]): string {
  let binary = '';
  for (const part of parts) for (const byte of part) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
