import { createHash } from 'node:crypto';
import { metrics } from '@opentelemetry/api';
import { afterEach, expect, test, vi } from 'vitest';
import { keeperTelemetry } from '../src/index.js';
import { Collected } from './support/collected.js';
import { keeperEvents } from './support/events.js';

afterEach(() => metrics.disable());

test('a state that nobody is in any more is 0', async () => {
  const collected = new Collected();
  const record = keeperTelemetry(collected);
  record({ type: 'swept', states: { signed_in: 1, login_blocked: 1 } });
  record({ type: 'swept', states: { signed_in: 2 } });
  const series = await collected.series('auth.fleet.accounts');
  expect(
    Object.fromEntries(series.map(({ attributes, value }) => [attributes['auth.account.state'], value])),
  ).toEqual({ signed_in: 2, signed_out: 0, login_blocked: 0, idle: 0, unknown: 0, failed: 0 });
});

test('an account is named by its hash, and only where a person must act', async () => {
  const collected = new Collected();
  const record = keeperTelemetry(collected);
  for (const event of keeperEvents) record(event);
  const hash = createHash('sha256').update('4712').digest('hex').slice(0, 8);
  await vi.waitFor(async () =>
    expect(await collected.series('auth.fleet.blocks')).toEqual([
      { attributes: { 'auth.account.state': 'login_blocked', 'auth.account.ref_hash': hash }, value: 1 },
    ]),
  );
  expect(JSON.stringify(await collected.metrics())).not.toMatch(/"471\d"/);
});

test('runs are counted by what they came to', async () => {
  const collected = new Collected();
  const record = keeperTelemetry(collected);
  for (const event of keeperEvents) record(event);
  expect(await collected.series('auth.fleet.runs')).toEqual([
    { attributes: { 'auth.account.state': 'signed_in' }, value: 1 },
    { attributes: { 'auth.account.state': 'login_blocked' }, value: 1 },
    { attributes: { 'auth.account.state': 'unknown' }, value: 1 },
    { attributes: { 'error.type': 'ECONNREFUSED' }, value: 1 },
  ]);
});

test('a counter that throws is nobody’s failure', async () => {
  const rejected = vi.fn();
  process.on('unhandledRejection', rejected);
  const instrument = {
    add: (_: number, attributes: object) => {
      if ('auth.account.ref_hash' in attributes) throw new Error('the meter');
    },
    record: () => {},
  };
  const meter = {
    createCounter: () => instrument,
    createHistogram: () => instrument,
    createGauge: () => instrument,
  };
  const record = keeperTelemetry({ meterProvider: { getMeter: () => meter } as never });
  record({ type: 'needs_person', ref: '4711', state: 'login_blocked' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off('unhandledRejection', rejected);
  expect(rejected).not.toHaveBeenCalled();
});

test('the provider that is registered at the first event is used', async () => {
  const record = keeperTelemetry();
  const collected = new Collected();
  metrics.setGlobalMeterProvider(collected.meterProvider);
  record({ type: 'queue_failed' });
  expect(await collected.series('auth.fleet.queue.failures')).toEqual([
    { attributes: { 'error.type': '_OTHER' }, value: 1 },
  ]);
});
