import { parser } from '@prometheus-io/lezer-promql';
import type { Family } from './prometheus.js';

/** Labels that Prometheus itself adds. */
const commonLabels = ['__name__', 'job', 'instance'];

/** What is no PromQL. */
export function syntaxErrorsOf(expr: string): string[] {
  return nodesOf(expr, '⚠');
}

/** Labels that a query asks for, and that the metrics it selects do not have. */
export function unknownLabelsOf(expr: string, families: ReadonlyMap<string, Family>): string[] {
  const selected = selectorsOf(expr).map(({ labels, matches }) => {
    const family = [...families.values()].find(({ names }) => names.some(matches));
    return { labels, known: new Set([...commonLabels, ...(family?.labels ?? [])]) };
  });
  const unknown = selected.flatMap(({ labels, known }) => labels.filter((label) => !known.has(label)));
  const known = new Set(selected.flatMap((each) => [...each.known]));
  return [...unknown, ...groupingOf(expr).filter((label) => !known.has(label) && label !== 'le')];
}

/** What a query selects series by. */
export interface Selector {
  readonly text: string;
  readonly labels: readonly string[];
  readonly matches: (name: string) => boolean;
}

/** Grafana fills its variables in before Prometheus sees the query. */
export function filledIn(expr: string): string {
  return expr.replaceAll(/\$__(rate_interval|range)/g, '5m');
}

/** The texts of all nodes of a kind. */
function nodesOf(expr: string, kind: string): string[] {
  const text = filledIn(expr);
  const found: string[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.name === kind) found.push(text.slice(node.from, node.to));
    },
  });
  return found;
}

export function selectorsOf(expr: string): Selector[] {
  return nodesOf(expr, 'VectorSelector').map((text) => {
    const name = /^\w+/.exec(text)?.[0] ?? /__name__=~"([^"]+)"/.exec(text)?.[1] ?? '';
    const pattern = new RegExp(`^(?:${name})$`);
    return { text, labels: nodesOf(text, 'LabelName'), matches: (candidate) => pattern.test(candidate) };
  });
}

/** The labels it groups by. */
export function groupingOf(expr: string): string[] {
  return nodesOf(expr, 'AggregateModifier').flatMap((text) => text.replace(/^by/, '').match(/\w+/g) ?? []);
}
