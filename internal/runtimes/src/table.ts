import type { Outcome } from './run-runtime.ts';
import type { Runtime } from './runtimes.ts';
import type { GroupReport } from './suite/report.ts';

const columns = {
  joor: 'joor',
  bearerLogin: 'bearer-login',
  passwordRefresh: 'password-refresh',
  jwtLogin: 'jwt-login',
  keycloak: 'oauth2-password',
  examples: 'examples',
  stores: 'stores',
} as const;

/** The outcomes as a Markdown table. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const names = Object.values(columns);
  const lines = [
    ['runtime', 'version', ...names],
    ['---', '---', ...names.map(() => '--:')],
    ...outcomes.map(({ runtime, report }) => [
      runtime.name,
      report?.version ?? '',
      ...Object.keys(columns).map((name) => cellOf(report?.groups[name])),
    ]),
  ];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A line for each runtime that is not installed. */
export function missingOf(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ runtime }) => runtime.run === undefined)
    .map(({ runtime }) => `${nameOf(runtime)} is not installed`);
}

/** A line for each check that failed, and for each runtime that gave no report. */
export function failuresOf(outcomes: readonly Outcome[]): string[] {
  return outcomes.flatMap(({ runtime, report, problem }) => {
    const name = nameOf(runtime);
    if (problem !== undefined) return [`${name}: ${problem}`];
    return Object.entries(report?.groups ?? {}).flatMap(([group, { failures }]) =>
      failures.map((failure) => `${name}, ${group}: ${failure}`),
    );
  });
}

function nameOf({ name, major }: Runtime): string {
  return major === '' ? name : `${name} ${major}x`;
}

function cellOf(group: GroupReport | undefined): string {
  if (group === undefined) return '–';
  return `${group.count - group.failures.length} of ${group.count}`;
}
