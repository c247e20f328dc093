/** The numbers of a catalogue's lines: rows of tables that begin with one. */
export function numbersIn(catalogue: string): number[] {
  return [...catalogue.matchAll(/^\| (\d+) \|/gm)].map(([, number]) => Number(number));
}

/** The tests of a source that are named after lines of the catalogue, such as `22, 64 a process is killed`. */
export function testsOf(source: string): { readonly number: number; readonly line: number }[] {
  return source.split('\n').flatMap((text, index) => {
    // What does not run holds nothing.
    if (/\.(skip|todo|fails)\b/.test(text)) return [];
    // Begins a name: of a test, of a group, or of a row in a table of tests, or is a row's first entry.
    const [, numbers] =
      /(?:^\s*\[?|\(|\[)['"`]((?:\d{1,2}, )*\d{1,2})(?: (?=\S)|['"`], ['"`])/.exec(text) ?? [];
    return (numbers?.split(', ') ?? []).map((number) => ({ number: Number(number), line: index + 1 }));
  });
}
