import type { SessionContext } from '../context.js';
import { doubling } from '../cool-down.js';
import type { Latch } from '../envelope.js';
import { seededBy } from '../environment.js';
import * as limits from '../limits.js';
import { toHex } from '../random-id.js';

/** The latch that a refusal of these secrets leaves, beside those of the secrets that were refused before. */
export async function latchOf(secrets: readonly string[], at: number, standing?: Latch): Promise<Latch> {
  const salt = standing?.salt ?? toHex(crypto.getRandomValues(new Uint8Array(16)));
  const hash = await slowHash(secrets, salt);
  const otherHashes = earlierHashes(hash, [standing]);
  return { salt, hash, at, otherHashes, typedHashes: standing?.typedHashes };
}

/** A latch on the configured secrets, beside which a typed password was refused. */
export async function withTyped(latch: Latch, secrets: readonly string[]): Promise<Latch> {
  const hash = await slowHash(secrets, latch.salt);
  return { ...latch, typedHashes: newestOf([hash, ...(latch.typedHashes ?? [])]) };
}

/** When the same secrets are tried again after their refusal; undefined: never. */
export function retryRefusedAt(
  { environment: { refusedLoginRetryMs }, clock, key }: SessionContext,
  { at, count = 1 }: Latch,
): number | undefined {
  if (refusedLoginRetryMs === undefined) return undefined;
  const now = clock.now();
  // A refusal that a clock far ahead has dated would stand until its date has come.
  if (at - now > limits.clockAheadMs) return now;
  // By account, so that the accounts that one incident has locked are not tried at once.
  const share = 0.75 + seededBy(key)() / 2;
  const waitMs = doubling(count, refusedLoginRetryMs, limits.refusedLoginRetryMaxMs) * share;
  return Math.ceil(Math.min(at, now) + Math.max(waitMs, limits.refusedLoginRetryMinMs));
}

/** What latches keep of refused secrets. */
interface Refusals {
  readonly hash: string;
  readonly otherHashes?: readonly string[] | undefined;
}

/** The hashes that were refused before this one; undefined: none. */
export function earlierHashes(
  hash: string,
  standing: readonly (Refusals | undefined)[],
): readonly string[] | undefined {
  const refused = standing.flatMap((each) => (each ? [each.hash, ...(each.otherHashes ?? [])] : []));
  return newestOf(refused.filter((each) => each !== hash));
}

/** As many as are kept, each once; undefined: there are none. */
function newestOf(hashes: readonly string[]): readonly string[] | undefined {
  return hashes.length === 0 ? undefined : [...new Set(hashes)].slice(0, limits.otherRefusals);
}

/** A latch, and what another one of the same salt keeps: processes may write theirs at the same time. */
export function withRefusalsOf(latch: Latch, other: Latch | undefined): Latch {
  if (other?.salt !== latch.salt) return latch;
  const typedHashes = newestOf([...(latch.typedHashes ?? []), ...(other.typedHashes ?? [])]);
  return { ...latch, otherHashes: earlierHashes(latch.hash, [latch, other]), typedHashes };
}

/** Whether these secrets were refused. */
export async function isLatched(latch: Latch, secrets: readonly string[]): Promise<boolean> {
  if (latch.hash === unhashable) return true;
  const hash = await slowHash(secrets, latch.salt);
  return [latch.hash, ...(latch.otherHashes ?? []), ...(latch.typedHashes ?? [])].includes(hash);
}

/** A hash that matches any secrets: pages on plain http have no WebCrypto, so they cannot tell secrets apart. */
const unhashable = '';

/** The slow hashes made so far, by a fast digest: each secret costs a process one. */
const hashes = new Map<string, Promise<string>>();

/** The slow hash of secrets under a salt; made once a process. */
export async function slowHash(secrets: readonly string[], salt: string): Promise<string> {
  if (globalThis.crypto.subtle === undefined) return unhashable;
  const name = await digestOf([salt, ...secrets]);
  const known = hashes.get(name) ?? derive(secrets, salt);
  hashes.delete(name);
  hashes.set(name, known);
  for (const oldest of hashes.keys()) {
    if (hashes.size <= limits.rememberedHashes) break;
    hashes.delete(oldest);
  }
  known.catch(() => hashes.delete(name));
  return known;
}

/** SHA-256 of a list of texts. Empty where the platform has no WebCrypto. */
export async function digestOf(texts: readonly string[]): Promise<string> {
  if (globalThis.crypto.subtle === undefined) return '';
  const bytes = new TextEncoder().encode(JSON.stringify(texts));
  return toHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

async function derive(secrets: readonly string[], salt: string): Promise<string> {
  const encoder = new TextEncoder();
  let bits: Uint8Array<ArrayBuffer> = encoder.encode(JSON.stringify(secrets));
  for (let part = 0; part < limits.latchParts; part++) {
    const key = await crypto.subtle.importKey('raw', bits, 'PBKDF2', false, ['deriveBits']);
    const parameters = {
      name: 'PBKDF2',
      hash: 'SHA-256',
      salt: encoder.encode(salt),
      iterations: limits.latchRoundsPerPart,
    };
    bits = new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 256));
  }
  return toHex(bits);
}
