import { beforeAll, expect, test } from 'vitest';
import { charts, dashboard, queries } from './support/dashboard.js';
import { eventsOfEachKind } from './support/events.js';
import { type Family, scrape } from './support/prometheus.js';
import { groupingOf, selectorsOf, syntaxErrorsOf, unknownLabelsOf } from './support/promql.js';

let families: ReadonlyMap<string, Family>;
beforeAll(async () => {
  families = await scrape(eventsOfEachKind);
});

test('each query is PromQL', () => {
  expect(queries.length).toBeGreaterThan(20);
  for (const { expr } of queries) expect(syntaxErrorsOf(expr), expr).toEqual([]);
});

test('each query asks for a metric there is, with its unit in the name and without', () => {
  for (const { text, matches } of queries.flatMap(({ expr }) => selectorsOf(expr))) {
    const found = [...families.values()].flatMap(({ names }) => names.filter(matches));
    expect(found.length, text).toBe(text.includes('__name__') ? 2 : 1);
  }
});

test('each query asks for labels that its metric has', () => {
  for (const { expr } of queries) expect(unknownLabelsOf(expr, families), expr).toEqual([]);
});

test('each query looks at the jobs and providers that were chosen', () => {
  for (const { text } of queries.flatMap(({ expr }) => selectorsOf(expr))) {
    expect(text).toContain('job=~"$job"');
    if (!text.includes('auth_fleet_')) expect(text).toContain('auth_provider_name=~"$provider"');
  }
});

test('a legend names what its query groups by', () => {
  for (const { expr, legendFormat } of queries) {
    const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name);
    const groups = groupingOf(expr).filter((label) => label !== 'le');
    expect(named.sort(), expr).toEqual(groups.sort());
  }
});

test('each metric is charted', () => {
  const selectors = queries.flatMap(({ expr }) => selectorsOf(expr));
  const missing = [...families].filter(
    ([, { names }]) => !selectors.some(({ matches }) => names.some(matches)),
  );
  expect(missing.map(([name]) => name)).toEqual([]);
  expect(families.size).toBe(22);
});

test('the data source is chosen above the charts, and all of them use it', () => {
  expect(dashboard.templating.list[0]).toMatchObject({ name: 'datasource', type: 'datasource' });
  for (const { title, datasource } of charts) expect(datasource?.uid, title).toMatch(/^\$\{datasource\}$/);
});

test('panels have an id of their own, a description, and a place of their own', () => {
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  const taken = new Set<string>();
  for (const { title, type, description, gridPos } of dashboard.panels) {
    if (type !== 'row') expect(description, title).toMatch(/\.$/);
    expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        expect(taken, title).not.toContain(`${x},${y}`);
        taken.add(`${x},${y}`);
      }
    }
  }
});
