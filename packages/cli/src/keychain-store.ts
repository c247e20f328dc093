import { AuthError, encryptedStore, findAuthError, type TokenStore } from '@auth/core';
import { fileStore } from '@auth/store-file';
import envPaths from 'env-paths';

/** Under this name the key is kept in the system's keychain. */
const service = 'auth-cli';
const entryName = 'key of the stored tokens';
/** The lock that is held while the key is made. */
const lockKey = 'the key itself';

/**
 * Files whose records are encrypted by a key in the system's keychain: macOS' Keychain, the Secret Service of a Linux
 * desktop, Windows' Credential Manager. Needs the package `@napi-rs/keyring`. Programs and the command line share it.
 *
 * @throws AuthError `store_failed` where there is no keychain, as on most servers, or it is locked
 */
export async function keychainStore(): Promise<TokenStore> {
  const files = keychainFiles();
  return encryptedStore(files, { keys: [await keyFrom(files)] });
}

/**
 * The same store for a sign-out after the keychain has lost its key: a record that does not decrypt reads as one that holds
 * nothing, so that the sign-out replaces it.
 */
export async function forgettingKeychainStore(): Promise<TokenStore> {
  const files = keychainFiles();
  const store = await keychainStore();
  return {
    ...store,
    async get(key) {
      try {
        return await store.get(key);
      } catch (error) {
        const record = await files.get(key);
        if (findAuthError(error)?.code !== 'store_failed' || record === undefined) throw error;
        return { ...record, value: '' };
      }
    },
  };
}

function keychainFiles(): TokenStore {
  return fileStore({ directory: envPaths('auth-tokens-keychain', { suffix: '' }).data });
}

/** The key, made by the first who asks: the lock keeps two of them from making one each. */
async function keyFrom(files: TokenStore): Promise<Uint8Array> {
  const entry = await keychainEntry();
  const known = readKey(entry);
  if (known !== undefined) return known;
  const lease = await files.lock?.(lockKey, { signal: AbortSignal.timeout(10_000) });
  try {
    const made = readKey(entry);
    if (made !== undefined) return made;
    const key = crypto.getRandomValues(new Uint8Array(32));
    inKeychain(() => entry.setPassword(Buffer.from(key).toString('base64')));
    return key;
  } finally {
    await lease?.release();
  }
}

interface KeychainEntry {
  getPassword(): string | null;
  setPassword(password: string): void;
}

async function keychainEntry(): Promise<KeychainEntry> {
  const { Entry } = await import('@napi-rs/keyring').catch(() => {
    throw unavailable('npm install @napi-rs/keyring');
  });
  return inKeychain(() => new Entry(service, entryName));
}

function readKey(entry: KeychainEntry): Uint8Array | undefined {
  const text = inKeychain(() => entry.getPassword());
  return text === null ? undefined : new Uint8Array(Buffer.from(text, 'base64'));
}

/** The keychain's own words may name the user's folders: only what to do is told. */
function inKeychain<Result>(work: () => Result): Result {
  try {
    return work();
  } catch {
    throw unavailable(
      'unlock it, or where there is none (no desktop session) leave --keychain out: files are readable by you alone',
    );
  }
}

function unavailable(cure: string): AuthError {
  return new AuthError('store_failed', { provider: 'keychain', detail: `there is no keychain: ${cure}` });
}
