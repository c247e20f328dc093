import type { CaseResult } from './result.ts';

const width = 760;
const labelWidth = 290;
const valueWidth = 90;
const barHeight = 18;
const gap = 8;
const margin = 14;

/** A bar chart of one column as SVG; logarithmic if the longest bar would hide the others. */
export function chartOf({ title, columns, rows, chart }: CaseResult): string | undefined {
  if (chart === undefined) return undefined;
  const column = columns.indexOf(chart.column);
  const bars = rows.map(({ name, values, isOurs = false }) => ({
    name,
    isOurs,
    value: Number(values[column]),
  }));
  const positive = bars.map(({ value }) => value).filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const isLogarithmic = most / least > 40;
  const room = width - 2 * margin - labelWidth - valueWidth;
  const lengthOf = (value: number): number => {
    if (value <= 0) return 0;
    const share = isLogarithmic
      ? (Math.log10(value / least) + 0.15) / (Math.log10(most / least) + 0.15)
      : value / most;
    return Math.max(1, share * room);
  };
  const top = margin + 28;
  const height = top + bars.length * (barHeight + gap) + margin;
  const better = chart.moreIsBetter === true ? 'more is better' : 'less is better';
  const note = `${chart.column}${isLogarithmic ? ', logarithmic' : ''}; ${better}`;
  const lines = bars.map(({ name, isOurs, value }, index) => {
    const y = top + index * (barHeight + gap);
    const x = margin + labelWidth;
    const length = lengthOf(value);
    const weight = isOurs ? ' font-weight="600"' : '';
    return [
      `<text x="${x - 8}" y="${y + 13}" text-anchor="end"${weight}>${escaped(name)}</text>`,
      `<rect x="${x}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2" fill="${isOurs ? '#2563eb' : '#a3adbb'}"/>`,
      `<text x="${(x + length + 6).toFixed(1)}" y="${y + 13}"${weight}>${value.toLocaleString('en')}${escaped(chart.unit)}</text>`,
    ].join('\n');
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#1f2937" role="img" aria-label="${escaped(`${title}: ${note}`)}">
<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>
<text x="${margin}" y="${margin + 9}"><tspan font-weight="600" font-size="14">${escaped(title)}</tspan><tspan dx="8" fill="#6b7280">${escaped(note)}</tspan></text>
${lines.join('\n')}
</svg>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
