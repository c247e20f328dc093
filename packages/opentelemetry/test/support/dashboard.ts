import { readFileSync } from 'node:fs';

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly datasource?: { readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const path = new URL('../../grafana/dashboard.json', import.meta.url);
export const dashboard = JSON.parse(readFileSync(path, 'utf8')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
};
export const charts = dashboard.panels.filter(({ type }) => type !== 'row');
export const queries = charts.flatMap(({ targets = [] }) => targets);
