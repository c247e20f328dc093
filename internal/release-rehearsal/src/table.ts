/** The result of installing one package with one installer. */
export interface Row {
  readonly package: string;
  readonly version: string;
  readonly installer: string;
  readonly runtime: string;
  readonly result: string;
  readonly failed?: boolean;
}

const columns = ['package', 'version', 'installer', 'runtime', 'result'] as const;

/** The rows in columns, under a line of headings. */
export function table(rows: readonly Row[]): string {
  const lines = [Object.fromEntries(columns.map((name) => [name, name])) as unknown as Row, ...rows];
  const widths = columns.map((name) => Math.max(...lines.map((row) => row[name].length)));
  return lines
    .map((row) =>
      columns
        .map((name, index) => row[name].padEnd(widths[index] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
