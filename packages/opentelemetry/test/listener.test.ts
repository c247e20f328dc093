import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { AuthEvent } from '@auth/core';
import { metrics, type Tracer, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, test } from 'vitest';
import { authTelemetry } from '../src/index.js';
import { Collected } from './support/collected.js';
import { eventsOfEachType } from './support/events.js';
import { Scene } from './support/scene.js';

const events: readonly AuthEvent[] = Object.values(eventsOfEachType);

afterEach(() => {
  metrics.disable();
  trace.disable();
});

describe('without an SDK', () => {
  test('a session works', async () => {
    const scene = new Scene();
    const session = scene.open({ onEvent: authTelemetry() });
    expect((await scene.run(session.getTokens())).accessToken).toBeTruthy();
    expect(scene.server.ledger.logins).toBe(1);
  });

  test('an event costs less than a kilobyte', () => {
    const record = authTelemetry();
    const rounds = 1000;
    const once = (): void => {
      for (const event of events) record(event);
    };
    for (let round = 0; round < rounds; round++) once();
    // A collection in between would make it look cheaper: the dearest of several counts.
    const bytes = Array.from({ length: 5 }, () => {
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      for (let round = 0; round < rounds; round++) once();
      return (process.memoryUsage().heapUsed - before) / (rounds * events.length);
    });
    expect(Math.max(...bytes)).toBeGreaterThan(0);
    expect(Math.max(...bytes)).toBeLessThan(1000);
  });
});

test('an SDK that is registered before the first event is found', async () => {
  const collected = new Collected();
  const record = authTelemetry();
  metrics.setGlobalMeterProvider(collected.meterProvider);
  trace.setGlobalTracerProvider(collected.tracerProvider);
  record(eventsOfEachType.login);
  expect(await collected.series('auth.client.exchange.duration')).toHaveLength(1);
  expect(collected.spans).toHaveLength(1);
});

test('events it does not know are no concern of it', async () => {
  const collected = new Collected();
  const record = collected.listener();
  record({ ...eventsOfEachType.lease_lost, type: 'of_a_later_version' } as never);
  record({ ...eventsOfEachType.lease_lost, type: 'constructor' } as never);
  expect(collected.spans).toEqual([]);
  expect(await collected.metrics()).toEqual([]);
});

test('a session is not disturbed by an SDK that throws', async () => {
  const scene = new Scene();
  const broken = (): never => {
    throw new Error('broken');
  };
  const tracerProvider = { getTracer: () => ({ startSpan: broken, startActiveSpan: broken }) as Tracer };
  const session = scene.open({ onEvent: scene.collected.listener({ tracerProvider }) });
  expect((await scene.run(session.getTokens())).accessToken).toBeTruthy();
  expect(await scene.collected.series('auth.client.exchange.duration')).toHaveLength(1);
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
