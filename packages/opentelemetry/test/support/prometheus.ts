import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuthEvent } from '@auth/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { expect, vi } from 'vitest';
import { authTelemetry, keeperTelemetry } from '../../src/index.js';
import { keeperEvents } from './events.js';

/** A metric as Prometheus knows it. */
export interface Family {
  /** Of its series; a histogram has three. */
  readonly names: readonly string[];
  readonly labels: ReadonlySet<string>;
}

/** A program whose metrics Prometheus can scrape. */
export class Scraped implements AsyncDisposable {
  readonly #exporter = new PrometheusExporter({ preventServerStart: true, withoutTargetInfo: true });
  readonly meterProvider: MeterProvider = new MeterProvider({ readers: [this.#exporter] });
  readonly #server = createServer((request, response) =>
    this.#exporter.getMetricsRequestHandler(request, response),
  );

  /** Such as `127.0.0.1:9464`. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await this.meterProvider.shutdown();
  }
}

/** What Prometheus scrapes after these events, by the name of the family. */
export async function scrape(events: readonly AuthEvent[]): Promise<ReadonlyMap<string, Family>> {
  await using scraped = new Scraped();
  const { meterProvider } = scraped;
  const record = authTelemetry({ meterProvider });
  for (const event of events) record(event);
  const recordKeeper = keeperTelemetry({ meterProvider });
  for (const event of keeperEvents) recordKeeper(event);
  const target = await scraped.listen();
  const scrape = async (): Promise<string> => (await fetch(`http://${target}/metrics`)).text();
  // The hash of a ref takes a moment.
  await vi.waitFor(async () => expect(await scrape()).toContain('ref_hash'), 10_000);
  return familiesOf(await scrape());
}

function familiesOf(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  for (const [, family, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm) as Iterable<
    [string, string, string]
  >) {
    const parts = type === 'histogram' ? ['_bucket', '_count', '_sum'] : [''];
    // The exporter leaves the unit to `# UNIT`; collectors, and Prometheus itself, put it into the name.
    const units = text.includes(`# UNIT ${family} s\n`) ? ['', '_seconds'] : [''];
    const names = units.flatMap((unit) => parts.map((part) => `${family}${unit}${part}`));
    families.set(family, { names, labels: labelsOf(text, family) });
  }
  return families;
}

function labelsOf(text: string, family: string): ReadonlySet<string> {
  const series = text.matchAll(new RegExp(`^${family}(?:_bucket|_count|_sum)?\\{(.*)\\} `, 'gm'));
  return new Set(
    [...series].flatMap(([, labels = '']) =>
      [...labels.matchAll(/(\w+)="/g)].map(([, name]) => name as string),
    ),
  );
}
