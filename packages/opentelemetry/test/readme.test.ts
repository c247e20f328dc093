import { readFileSync } from 'node:fs';
import { DataPointType } from '@opentelemetry/sdk-metrics';
import { beforeAll, expect, test, vi } from 'vitest';
import { keeperTelemetry } from '../src/index.js';
import { Collected } from './support/collected.js';
import { eventsOfEachKind, keeperEvents } from './support/events.js';
import { type Family, scrape } from './support/prometheus.js';
import { selectorsOf, syntaxErrorsOf, unknownLabelsOf } from './support/promql.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const collected = new Collected();
const kinds: Readonly<Partial<Record<DataPointType, string>>> = {
  [DataPointType.HISTOGRAM]: 'histogram',
  [DataPointType.SUM]: 'counter',
  [DataPointType.GAUGE]: 'gauge',
};
let families: ReadonlyMap<string, Family>;
beforeAll(async () => {
  families = await scrape(eventsOfEachKind);
  const record = collected.listener({ recordKey: true });
  for (const event of eventsOfEachKind) record(event);
  const recordKeeper = keeperTelemetry(collected);
  for (const event of keeperEvents) recordKeeper(event);
  // The hash of a ref takes a moment.
  await vi.waitFor(async () => expect(await collected.series('auth.fleet.blocks')).toHaveLength(1), 10_000);
});

test('its table has each metric, with its kind, unit and attributes', async () => {
  const rows = readme.matchAll(/^\| `(auth\.[a-z]+\.[\w.]+)` \| (\w+), `(.+?)` \| .* \| (.*)\|$/gm);
  const listed = new Map([...rows].map(([, name, kind, unit, rest]) => [name, { kind, unit, rest }]));
  const metrics = await collected.metrics();
  expect([...listed.keys()].sort()).toEqual(metrics.map(({ descriptor }) => descriptor.name).sort());
  for (const { descriptor, dataPointType } of metrics) {
    const { kind, unit, rest = '' } = listed.get(descriptor.name) ?? {};
    expect(kind, descriptor.name).toBe(kinds[dataPointType]);
    expect(unit, descriptor.name).toBe(descriptor.unit);
    if (rest.startsWith('as above')) continue;
    const attributes = new Set(await attributesOf(descriptor.name));
    attributes.delete('auth.provider.name');
    const named = [...rest.matchAll(/`([\w.]+)`/g)].map(([, name]) => name);
    expect(named.sort(), descriptor.name).toEqual([...attributes].sort());
  }
});

test('it explains each attribute of metrics and spans', async () => {
  const attributes = collected.spans.flatMap((span) => Object.keys(span.attributes));
  for (const { descriptor } of await collected.metrics()) {
    attributes.push(...(await attributesOf(descriptor.name)));
  }
  expect(attributes.length).toBeGreaterThan(20);
  for (const name of new Set(attributes)) expect(readme).toContain(`\`${name}\``);
});

test('its alerts are PromQL, on metrics and labels there are', () => {
  const rules = readme.matchAll(/expr: (?:>-\n((?: {10}.+\n)+)|(.+)\n)/g);
  const alerts = [...rules].map(([, folded, plain = '']) => (folded ?? plain).replace(/\s+/g, ' '));
  expect(alerts).toHaveLength(readme.match(/- alert:/g)?.length ?? 0);
  for (const expr of alerts) {
    expect(syntaxErrorsOf(expr), expr).toEqual([]);
    expect(unknownLabelsOf(expr, families), expr).toEqual([]);
    for (const { text, matches } of selectorsOf(expr)) {
      expect(
        [...families.values()].filter(({ names }) => names.some(matches)),
        text,
      ).toHaveLength(1);
    }
  }
});

async function attributesOf(metric: string): Promise<string[]> {
  return (await collected.series(metric)).flatMap(({ attributes }) => Object.keys(attributes));
}
