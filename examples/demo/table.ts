import { styleText } from 'node:util';

/** One line of the result. */
export interface Row {
  readonly package: string;
  readonly step: string;
  readonly happened: string;
  /** Token calls that the server saw. */
  readonly saw: string;
  readonly expected: string;
  readonly durationMs: number;
}

/** Prints the rows as a table, in colours on a terminal only. */
export function printTable(rows: readonly Row[]): void {
  const header = ['package', 'step', 'what happened', 'token calls the server saw', 'time'];
  const lines = rows.map(({ package: name, step, happened, saw, expected, durationMs }, index) => {
    const verdict = saw === expected ? saw : `${saw}, expected ${expected}`;
    const isFirst = rows[index - 1]?.package !== name;
    return [isFirst ? name : '', step, happened, verdict, `${Math.round(durationMs)} ms`];
  });
  const widths = header.map((title, column) =>
    Math.max(title.length, ...lines.map((cells) => cells[column]?.length ?? 0)),
  );
  const lineOf = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 4 ? cell.padStart(widths[4] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ');
  print('bold', lineOf(header));
  for (const [index, cells] of lines.entries()) {
    const row = rows[index] as Row;
    if (cells[0] !== '' && index > 0) print('dim', '');
    print(row.saw === row.expected ? 'green' : 'red', lineOf(cells));
  }
}

function print(style: Parameters<typeof styleText>[0], line: string): void {
  process.stdout.write(`${styleText(style, line.trimEnd(), { stream: process.stdout })}\n`);
}
