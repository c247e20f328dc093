/** A line of docs/faults.md: a row of a table, known by its number. */
export interface FaultLine {
  /** Such as `12` or `105a`. */
  readonly number: string;
  readonly whatHolds: string;
}

/** The lines of the catalogue. */
export function faultLines(catalogue: string): FaultLine[] {
  return [...catalogue.matchAll(/^\| (\d+[a-z]?) \|.*\| (.+) \|$/gm)].map(
    ([, number = '', whatHolds = '']) => ({ number, whatHolds }),
  );
}

/** The places in a test file that carry a line's tag, such as `tags: ['fault-12', 'fault-66']`. */
export function taggedPlaces(source: string): { readonly number: string; readonly line: number }[] {
  return source.split('\n').flatMap((text, index) => {
    // A test that does not run proves nothing.
    if (/\.(skip|todo|fails)\b/.test(text)) return [];
    return [...text.matchAll(/'fault-(\w+)'/g)].map(([, number = '']) => ({ number, line: index + 1 }));
  });
}
