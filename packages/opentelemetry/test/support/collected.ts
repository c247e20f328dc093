import type { AuthEvent } from '@auth/core';
import type { Attributes } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { type AuthTelemetryOptions, authTelemetry } from '../../src/index.js';

/** What one series holds: a counter's sum, or a histogram's count and sum. */
export interface Series {
  readonly attributes: Attributes;
  readonly value: number | { readonly count: number; readonly sum: number };
}

/** An SDK that keeps in memory what it is given. */
export class Collected {
  readonly #metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({ exporter: this.#metricExporter });
  readonly meterProvider = new MeterProvider({ readers: [this.#reader] });
  readonly #spanExporter = new InMemorySpanExporter();
  readonly tracerProvider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter: this.#spanExporter })],
  });

  listener(options: AuthTelemetryOptions = {}): (event: AuthEvent) => void {
    const { meterProvider, tracerProvider } = this;
    return authTelemetry({ meterProvider, tracerProvider, ...options });
  }

  get spans(): ReadableSpan[] {
    return this.#spanExporter.getFinishedSpans();
  }

  async metrics(): Promise<MetricData[]> {
    await this.#reader.forceFlush();
    return (
      this.#metricExporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap(({ metrics }) => metrics) ?? []
    );
  }

  async series(name: string): Promise<Series[]> {
    const metric = (await this.metrics()).find(({ descriptor }) => descriptor.name === name);
    return (metric?.dataPoints ?? []).map(({ attributes, value }) => {
      if (typeof value === 'number') return { attributes, value };
      const { count, sum = Number.NaN } = value as Histogram;
      return { attributes, value: { count, sum: Math.round(sum * 1000) / 1000 } };
    });
  }
}
