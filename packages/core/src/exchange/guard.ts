import type { Guard, Latch } from '../envelope.js';
import { doubling, limits } from '../limits.js';
import { toHex } from '../random-id.js';

/** The latch that a refusal of these secrets leaves. */
export async function latchOf(secrets: readonly string[], at: number): Promise<Latch> {
  const salt = toHex(crypto.getRandomValues(new Uint8Array(16)));
  return { salt, hash: await slowHash(secrets, salt), at };
}

/** Whether these are the secrets that were refused. */
export async function isLatched(latch: Latch, secrets: readonly string[]): Promise<boolean> {
  return latch.hash === unhashable || (await slowHash(secrets, latch.salt)) === latch.hash;
}

/** When the next login may be sent; undefined for now. An instant ahead of our clock counts as now. */
export function nextLoginAt(guard: Guard, now: number, maxLoginsPerHour: number): number | undefined {
  return slotFreeAt(recentLogins(guard, now), maxLoginsPerHour);
}

/** When one of the last hour's logins, in order, is an hour old and makes room for another; undefined where there is room. */
export function slotFreeAt(instants: readonly number[], maxLoginsPerHour: number): number | undefined {
  const oldest = instants[instants.length - maxLoginsPerHour];
  return oldest === undefined ? undefined : oldest + limits.loginWindowMs;
}

/**
 * The guard with one more login in it, as it is written before the login is sent. The newest are kept whatever their
 * age: old by a clock that is hours ahead, they may be young for everybody else.
 */
export function withLogin(guard: Guard, now: number, maxLoginsPerHour: number): Guard {
  const loginsAt = [...guard.loginsAt, now].sort((left, right) => left - right);
  return { ...guard, loginsAt: loginsAt.slice(-maxLoginsPerHour) };
}

/** The guard after an exchange that succeeded: no pause, and not the latch that an accepted password has lifted. */
export function settledGuard({ latch, ...guard }: Guard, lifted: string | undefined): Guard {
  const { notBefore: _, lostId: __, ...kept } = guard;
  return { ...kept, failures: 0, ...(latch === undefined || latch.hash === lifted ? {} : { latch }) };
}

/** The pause that follows this many failures in a row. */
export function coolDownMs(failures: number): number {
  return doubling(failures, limits.coolDownMinMs, limits.coolDownMaxMs);
}

function recentLogins(guard: Guard, now: number): readonly number[] {
  return guard.loginsAt
    .map((at) => Math.min(at, now))
    .filter((at) => at > now - limits.loginWindowMs)
    .sort((left, right) => left - right);
}

/** Stands for any secrets: pages on plain http have no WebCrypto to tell one from another. */
const unhashable = '';

async function slowHash(secrets: readonly string[], salt: string): Promise<string> {
  if (globalThis.crypto.subtle === undefined) return unhashable;
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
