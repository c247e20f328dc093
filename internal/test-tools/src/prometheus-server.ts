import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectInstalled, find, type Program } from './installed.ts';
import { freePort, until } from './redis-node.ts';

const names = ['prometheus'];

/** Prometheus, for tests that need it. */
export function prometheusServer(): Program {
  return expectInstalled(names, 'queries of the dashboard', 'apt-get install -y prometheus');
}

/** A series of an answer: its labels, and its value as Prometheus writes it. */
export interface PrometheusSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [at: number, value: string];
}

/** A rule as Prometheus has read it. */
export interface PrometheusRule {
  readonly name: string;
  readonly query: string;
  readonly health: 'ok' | 'err' | 'unknown';
  readonly lastError?: string;
}

/** A separate Prometheus on loopback. */
export interface PrometheusServer extends AsyncDisposable {
  /** @throws Error with Prometheus' own message, if it takes no such query */
  query(expr: string): Promise<readonly PrometheusSeries[]>;
  rules(): Promise<readonly PrometheusRule[]>;
}

/**
 * Starts a Prometheus that scrapes a target ten times a second, under the job `test`, with rules in YAML.
 *
 * @throws Error if it is missing
 */
export async function startPrometheus(target: string, rules: string): Promise<PrometheusServer> {
  const path = find(names);
  if (path === undefined) throw new Error('prometheus is missing');
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const files = { config: join(folder, 'prometheus.yml'), rules: join(folder, 'rules.yml') };
  writeFileSync(files.rules, rules);
  writeFileSync(
    files.config,
    `global: { scrape_interval: 100ms, evaluation_interval: 100ms }
rule_files: [${files.rules}]
scrape_configs: [{ job_name: test, static_configs: [{ targets: [${JSON.stringify(target)}] }] }]
`,
  );
  const port = await freePort();
  const place = [`--config.file=${files.config}`, `--storage.tsdb.path=${join(folder, 'data')}`];
  const child = spawn(path, [...place, `--web.listen-address=127.0.0.1:${port}`], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const base = `http://127.0.0.1:${port}`;
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`prometheus ended with ${child.exitCode}`);
    return fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  });
  const ask = async (question: string): Promise<unknown> => {
    const answer = await fetch(`${base}/api/v1/${question}`);
    const { data, error } = (await answer.json()) as { data?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return data;
  };
  return {
    async query(expr) {
      const data = await ask(`query?${new URLSearchParams({ query: expr })}`);
      return (data as { result: readonly PrometheusSeries[] }).result;
    },
    async rules() {
      const { groups } = (await ask('rules')) as { groups: { rules: PrometheusRule[] }[] };
      return groups.flatMap((group) => group.rules);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
