import type { AuthStatus } from '@auth/core';
import { type Attributes, type MeterProvider, metrics } from '@opentelemetry/api';

/** A `KeeperEvent` of `@auth/fleet`, as far as it is measured. */
export interface MeasuredKeeperEvent {
  readonly type: string;
  readonly ref?: string;
  readonly state?: string;
  readonly states?: Readonly<Record<string, number | undefined>>;
  readonly lateMs?: number;
  readonly reason?: string;
}

/** Options of {@link keeperTelemetry}. */
export interface KeeperTelemetryOptions {
  /** Default: the provider that is registered when the first event comes. */
  readonly meterProvider?: MeterProvider | undefined;
}

/**
 * Turns the events of a keeper of `@auth/fleet` into OpenTelemetry metrics. Pass the listener as `onEvent` to the keeper.
 * An account is named by a hash alone, and only where a person must act.
 */
export function keeperTelemetry({
  meterProvider,
}: KeeperTelemetryOptions = {}): (event: MeasuredKeeperEvent) => void {
  let record: ((event: MeasuredKeeperEvent) => void) | undefined;
  return (event) => {
    // Made at the first event, because instruments made before the SDK is registered never record anything.
    record ??= recorderOf(meterProvider ?? metrics);
    record(event);
  };
}

function recorderOf(provider: MeterProvider): (event: MeasuredKeeperEvent) => void {
  const meter = provider.getMeter('@auth/opentelemetry');
  const runs = meter.createCounter('auth.fleet.runs', {
    unit: '{run}',
    description: 'Runs of jobs, by what they came to.',
  });
  const lateness = meter.createHistogram('auth.fleet.run.lateness', {
    unit: 's',
    description: 'How long after its time a run began.',
    advice: { explicitBucketBoundaries: latenessBoundaries },
  });
  const accounts = meter.createGauge('auth.fleet.accounts', {
    unit: '{account}',
    description: 'Accounts by state, as the last sweep of this worker counted them.',
  });
  const countedAt = meter.createGauge('auth.fleet.census.time', {
    unit: 's',
    description: 'When this worker counted the accounts, in seconds since 1970: the latest count holds.',
  });
  const blocked = meter.createCounter('auth.fleet.blocks', {
    unit: '{account}',
    description: 'Accounts whose job has ended until a person acts.',
  });
  const failures = meter.createCounter('auth.fleet.queue.failures', {
    unit: '{failure}',
    description: 'What the engine of the queue could not do.',
  });

  return ({ type, ref, state, states, lateMs, reason = '_OTHER' }) => {
    if (lateMs !== undefined) lateness.record(lateMs / 1_000);
    switch (type) {
      case 'ran':
      case 'needs_person':
        runs.add(1, { 'auth.account.state': state });
        break;
      case 'account_unknown':
        runs.add(1, { 'auth.account.state': 'unknown' });
        break;
      case 'run_failed':
        runs.add(1, { 'error.type': reason });
        break;
      case 'queue_failed':
        failures.add(1, { 'error.type': reason });
        break;
      case 'swept':
        for (const each of countedStates)
          accounts.record(states?.[each] ?? 0, { 'auth.account.state': each });
        countedAt.record(Date.now() / 1_000);
        break;
    }
    if (type === 'needs_person' && ref !== undefined)
      hashOf(ref)
        .then((hash) => {
          const attributes: Attributes = { 'auth.account.state': state, 'auth.account.ref_hash': hash };
          blocked.add(1, attributes);
        })
        .catch(() => {});
  };
}

/** All of them, so that a state that nobody is in any more is 0 and not what it was. */
const isCounted: Readonly<Record<AuthStatus['state'] | 'unknown' | 'failed', true>> = {
  signed_in: true,
  signed_out: true,
  login_blocked: true,
  idle: true,
  unknown: true,
  failed: true,
};
const countedStates = Object.keys(isCounted);

/** The first eight hexadecimal digits of the SHA-256 of a ref: enough to find an account whose ref one knows. */
async function hashOf(ref: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(ref));
  return Array.from(new Uint8Array(hash, 0, 4), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** From what no one notices to hours: a life's tenth is six minutes where tokens live for an hour. */
const latenessBoundaries = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];
