import type { CaseResult, Target } from './result.ts';

/** A case's table as plain text. */
export function tableOf({ title, columns, rows, targets }: CaseResult): string {
  const lines = [
    ['', ...columns],
    ...rows.map(({ name, values }) => [name, ...values.map((value) => String(value))]),
  ];
  return [title, aligned(lines), ...targets.map(verdictOf)].join('\n');
}

/** Every target with its verdict, and how many hold. */
export function verdictsOf(results: readonly CaseResult[]): string {
  const targets = results.flatMap((result) => result.targets);
  const lines = targets.map(({ name, target, measured, holds, limit = '' }) => [
    holds ? 'holds' : 'MISSED',
    name,
    target,
    measured,
    holds ? '' : limit,
  ]);
  const held = targets.filter(({ holds }) => holds).length;
  return `${aligned([['', 'target', '', 'measured', ''], ...lines])}\n${held} of ${targets.length} targets hold.`;
}

function verdictOf({ name, target, measured, holds }: Target): string {
  return `  ${holds ? 'holds ' : 'MISSED'}  ${name}: ${measured} (${target})`;
}

function aligned(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
