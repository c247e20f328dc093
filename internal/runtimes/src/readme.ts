const [start, end] = ['<!-- runtimes -->', '<!-- /runtimes -->'];

/** The README with this table between its marks. @throws Error if the marks are missing */
export function withTable(readme: string, table: string): string {
  const [from, to] = marksIn(readme);
  return `${readme.slice(0, from)}\n\n${table}\n\n${readme.slice(to)}`;
}

/** Whether the README has this table, whatever Chromium's version: the system updates Chromium. */
export function says(readme: string, table: string): boolean {
  const comparable = (text: string): string => text.trim().replace(/^(\| Chromium \|)[^|]*/m, '$1');
  return comparable(readme.slice(...marksIn(readme))) === comparable(table);
}

function marksIn(readme: string): [from: number, to: number] {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  if (from === -1 || to < from) throw new Error(`README.md: expected ${start} and then ${end}`);
  return [from + start.length, to];
}
