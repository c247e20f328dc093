/** @module-tag long */
import { readFileSync } from 'node:fs';
import { type PrometheusServer, prometheusServer, startPrometheus } from '@internal/test-tools';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { authTelemetry, keeperTelemetry, type MeasuredKeeperEvent } from '../src/index.js';
import { charts } from './support/dashboard.js';
import { eventsOfEachKind, eventsOfEachType, keeperEvents } from './support/events.js';
import { Scraped } from './support/prometheus.js';
import { filledIn } from './support/promql.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
/** As the README says for programs that Prometheus scrapes itself. */
const rules = (/```yaml\n(groups:.+?)```/s.exec(readme)?.[1] ?? '').replaceAll('_seconds', '');
const { exchange_failed: failed, token_rejected: rejected } = eventsOfEachType;
const bad = [failed, rejected, failed, rejected, failed, rejected, failed, rejected];
const late: MeasuredKeeperEvent = { type: 'ran', ref: '4711', state: 'signed_in', lateMs: 120_000 };

const { path } = prometheusServer();

describe.skipIf(path === undefined)(
  'Prometheus, which scrapes a program where everything happens, and much fails',
  () => {
    const scraped = new Scraped();
    let prometheus: PrometheusServer;

    beforeAll(async () => {
      const { meterProvider } = scraped;
      const [record, recordKeeper] = [authTelemetry({ meterProvider }), keeperTelemetry({ meterProvider })];
      const happen = (): void => {
        for (const event of [...eventsOfEachKind, ...bad]) record(event);
        for (const event of [...keeperEvents, late]) recordKeeper(event);
      };
      happen();
      prometheus = await startPrometheus(await scraped.listen(), rules);
      const hasScraped = (count: number): Promise<void> =>
        vi.waitFor(async () => {
          const [blocks] = await prometheus.query('sum(auth_fleet_blocks_total)');
          expect(Number(blocks?.value[1])).toBe(count);
        }, 30_000);
      // A counter increases from its second value on.
      await hasScraped(1);
      for (let round = 1; round < 10; round++) happen();
      await hasScraped(10);
    });

    afterAll(async () => {
      await prometheus[Symbol.asyncDispose]();
      await scraped[Symbol.asyncDispose]();
    });

    for (const { title, targets = [] } of charts) {
      test(`fills the panel ${title}`, async () => {
        for (const { expr } of targets) {
          const series = await prometheus.query(filledIn(expr).replaceAll(/\$(job|provider)/g, '.*'));
          expect(series.length, expr).toBeGreaterThan(0);
          for (const { value } of series) expect(Number(value[1]), expr).not.toBeNaN();
        }
      });
    }

    test('reads all alerts of the README, and finds a reason for each but one', async () => {
      await expect
        .poll(async () => (await prometheus.rules()).map(({ health }) => health))
        .toEqual(Array.from(rules.matchAll(/alert:/g), () => 'ok'));
      const found = new Map<string, number>();
      for (const { name, query } of await prometheus.rules())
        found.set(name, (await prometheus.query(query)).length);
      expect(found.size).toBeGreaterThan(6);
      const silent = [...found].flatMap(([name, count]) => (count === 0 ? [name] : []));
      expect(silent).toEqual(['FleetStandsStill']);
    });
  },
);
