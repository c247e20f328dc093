import type { Guard, Latch } from '../envelope.js';
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

/** When the next login may be sent; undefined: at once. */
export function nextLoginAt(
  loginsAt: readonly number[],
  now: number,
  maxLoginsPerHour: number,
): number | undefined {
  return slotFreeAt(recentLogins(loginsAt, now, maxLoginsPerHour), maxLoginsPerHour);
}

/** When the oldest of the logins that fill the hour, in order, makes room for another; undefined: there is room. */
export function slotFreeAt(instants: readonly number[], maxLoginsPerHour: number): number | undefined {
  const oldest = instants[instants.length - maxLoginsPerHour];
  return oldest === undefined ? undefined : oldest + limits.loginWindowMs;
}

/**
 * The logins with one more, written before it is sent. The newest logins are kept whatever their age: if
 * our clock is hours ahead, a login that looks old here may be recent for everybody else. Twice the allowance is kept, so
 * that those of a clock far ahead do not take the place of all others.
 */
export function withLogin(
  loginsAt: readonly number[],
  now: number,
  maxLoginsPerHour: number,
): readonly number[] {
  const { likely, ahead } = byClock(loginsAt, now);
  const all = inOrder([...likely, now, ...ahead.slice(-maxLoginsPerHour)]);
  return all.slice(-2 * maxLoginsPerHour);
}

/**
 * The guard after a successful exchange: no pause, no lost answer, no refused client, and no latch that an accepted
 * password lifted. Only a refresh shows that the refresh endpoint works again.
 */
export function settledGuard(guard: Guard, lifted: string | undefined, phase: 'login' | 'refresh'): Guard {
  const { notBefore, pauseMs, tookMs, isOwnTrouble, lostId, client, lastFailure, ...kept } = guard;
  const { latch, refreshFails } = kept;
  const settled = { ...kept, failures: 0, latch: latch?.hash === lifted ? undefined : latch };
  if (phase === 'refresh') return { ...settled, refreshFails: undefined };
  const logins = (refreshFails?.logins ?? 0) + 1;
  return { ...settled, refusedCode: undefined, refreshFails: refreshFails && { ...refreshFails, logins } };
}

/**
 * The logins that count now. Those dated a little ahead count as sent now. Of those that a clock far ahead of ours has
 * dated half an hour's allowance counts: they must not hold up others until their dates have come.
 */
function recentLogins(loginsAt: readonly number[], now: number, maxLoginsPerHour: number): readonly number[] {
  const { likely, ahead } = byClock(loginsAt, now);
  const counted = [...likely, ...ahead.slice(-Math.ceil(maxLoginsPerHour / 2))].map((at) =>
    Math.min(at, now),
  );
  return inOrder(counted.filter((at) => at > now - limits.loginWindowMs));
}

function byClock(
  loginsAt: readonly number[],
  now: number,
): { readonly likely: readonly number[]; readonly ahead: readonly number[] } {
  const isLikely = (at: number): boolean => at - now <= limits.clockAheadMs;
  return { likely: loginsAt.filter(isLikely), ahead: loginsAt.filter((at) => !isLikely(at)) };
}

function inOrder(instants: readonly number[]): readonly number[] {
  return [...instants].sort((left, right) => left - right);
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
