import type { TokenRecord } from '@auth/core';
import { key, type Life, type Surroundings } from './life.ts';
import type { Process } from './world.ts';

export const minuteMs = 60_000;
export const hourMs: number = 60 * minuteMs;

/** What all rules share: the lives, what the plan's store guarantees, and the list of violations. */
export class Judge {
  readonly violations: string[] = [];
  readonly around: Surroundings;
  /** All lives, ended ones included. */
  readonly lives = new Map<Process, Life>();
  /** When a sign-out last began or was last saved. */
  lastSignOutAt: number = Number.NEGATIVE_INFINITY;

  constructor(around: Surroundings) {
    this.around = around;
  }

  /** The store compares and writes in one step. */
  get isAtomic(): boolean {
    const { store } = this.around.plan;
    return store !== 'get_then_set' && store !== 'locked';
  }

  /** The store has a lock. On a forgetful store two processes may hold it. */
  get hasLock(): boolean {
    const { store } = this.around.plan;
    return store === 'leased' || store === 'forgetful' || store === 'locked' || store === 'shared';
  }

  /** The store keeps every write that it has acknowledged. */
  get keepsItsWord(): boolean {
    return !this.hasFault('forget_write');
  }

  /** What is stored for the account that all rules are about. */
  get storedEnvelope(): Envelope {
    return envelopeOf(this.around.store.records.get(key));
  }

  hasFault(kind: string): boolean {
    return this.around.plan.faults.some((fault) => fault.kind === kind);
  }

  violate(rule: string, detail: string): void {
    this.violations.push(`${rule}: ${detail}`);
    this.around.trace(`!!! ${rule}: ${detail}`);
  }

  /** Calls `ask` later, unless the life has ended or was frozen meanwhile. */
  askLater(life: Life, delayMs: number, ask: () => void): void {
    const { frozenMs } = life;
    this.around.world.schedule(undefined, delayMs, () => {
      const hasGoneOn = life.process.isAlive && life.frozenMs === frozenMs;
      if (hasGoneOn) ask();
    });
  }
}

/** The parts of a record that the rules read. */
export interface Envelope {
  readonly tokens?: {
    readonly id: string;
    readonly refreshToken?: string;
    readonly issuedAt: number;
    readonly expiresAt?: number;
    readonly newer?: string;
  };
  readonly signedOutAt?: number;
  /** Written by a newer version. */
  readonly newer?: string;
  readonly guard?: {
    readonly newer?: string;
    readonly latch?: { readonly hash: string };
    readonly loginsAt: readonly number[];
    readonly lostId?: string;
  };
}

export function envelopeOf(record: TokenRecord | undefined): Envelope {
  return record === undefined ? {} : (JSON.parse(record.value) as Envelope);
}
