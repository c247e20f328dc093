const [lineHeight, letterWidth, margin] = [20, 8.43, 16];

/** A picture of a terminal's screen, for the documentation. */
export function pictureOf(title: string, screen: string): string {
  const lines = screen.split('\n');
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * letterWidth) + 2 * margin;
  const height = lines.length * lineHeight + 2 * margin;
  const texts = lines.map(
    (line, index) =>
      `  <text x="${margin}" y="${margin + 15 + index * lineHeight}">${line.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="#16181d"/>`,
    '<g font-family="ui-monospace, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14" fill="#e6e6e6" xml:space="preserve">',
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}
