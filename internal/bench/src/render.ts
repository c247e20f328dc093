import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chartOf } from './chart.ts';
import type { CaseResult, Row } from './result.ts';
import type { Results } from './results-file.ts';

/** The charts that a user should see first, and what they mean. */
const charted: readonly (readonly [title: string, meaning: string])[] = [
  [
    'A fresh token',
    'Before each request a program asks for a token. **A fresh one costs about as much as awaiting a promise**, so ask every time, and keep no copy:',
  ],
  [
    'A stampede on an expired token',
    'When a token has expired, everybody asks at once. **Ten thousand callers wait for one exchange**, hardly longer than the server takes for it:',
  ],
  [
    'Eight processes on one file',
    'Processes that share an account must take turns, because a refresh token is good for one use. **Eight of them make one exchange**, and none fails:',
  ],
];

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');
const byHand = join(import.meta.dirname, 'by-hand');

/** Writes docs/performance.md and its charts from the results: no number in them is typed by hand. */
export function render({ machine, versions, cases }: Results, order: readonly string[]): void {
  const charts = join(docs, 'performance');
  mkdirSync(charts, { recursive: true });
  const results = order.flatMap((name) => cases[name] ?? []);
  const sections = results.map((result) => {
    const svg = chartOf(result);
    const file = `${slugOf(result.title)}.svg`;
    if (svg !== undefined) writeFileSync(join(charts, file), svg);
    return sectionOf(result, svg === undefined ? undefined : `performance/${file}`);
  });
  const targets = results.flatMap((result) => result.targets);
  const held = targets.filter(({ holds }) => holds).length;
  const headlines = results.flatMap(({ headline }) => headline ?? []);
  writeFileSync(
    join(docs, 'performance.md'),
    `<!-- Written by "pnpm bench". -->

# Performance

${charted.map(([title, meaning]) => `${meaning}\n\n![${title}](performance/${slugOf(title)}.svg)`).join('\n\n')}

${headlines.map((headline) => `- ${headline}`).join('\n')}

## How to repeat it

Every number here was measured by \`npx -y pnpm@12.21.0 bench\` and written down by it. The last run was on ${machine.cpu}, ${machine.cores} cores,
Node ${machine.node}; cases that it left out keep the figures of their own last run. Times differ from machine to machine, so what counts are ratios between contenders that ran in one process, in
turns: what disturbed the machine disturbed all, and nobody paid for the garbage of who came before. A line that says "(again)" is the one above it once more; what the two
differ by is noise. \`npx -y pnpm@12.21.0 bench hot\` repeats one case; they are in [internal/bench/src/cases](../internal/bench/src/cases), and each peer is
used as its own documentation shows, in [internal/bench/src/peers](../internal/bench/src/peers).

In the charts ours are blue.

${sections.join('\n\n')}

## Written by hand

What ours is compared with where no library does the same work: what a careful program has without one.

${readdirSync(byHand).map(codeOf).join('\n\n')}

## Versions

${table(['package', 'version'], Object.entries(versions))}

## Targets

${held} of ${targets.length} hold.

${table(
  ['', 'target', 'measured', ''],
  targets.map(({ name, target, measured, holds, limit }) => [
    name,
    target,
    measured,
    holds ? 'holds' : ['**missed**', ...(limit === undefined ? [] : [limit])].join(': '),
  ]),
)}
`,
  );
}

/** Not marked as "ts": such blocks of the documentation are compiled, and these import from each other. */
function codeOf(file: string): string {
  return `\`\`\`typescript\n${readFileSync(join(byHand, file), 'utf8')}\`\`\``;
}

function sectionOf({ title, about, columns, rows }: CaseResult, chart: string | undefined): string {
  const image = chart === undefined ? [] : [`![${title}](${chart})`];
  const cells = rows.map(({ name, values, isOurs }: Row) => [
    isOurs === true ? `**${name}**` : name,
    ...values.map((value) => (typeof value === 'number' ? value.toLocaleString('en') : value)),
  ]);
  return [`## ${title}`, ...about, ...image, table(['', ...columns], cells)].join('\n\n');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  // Columns without a title hold words and are aligned left; the others hold figures.
  const rule = head.map((title) => (title === '' ? '---' : '--:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

function slugOf(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9]+/g, '-');
}
