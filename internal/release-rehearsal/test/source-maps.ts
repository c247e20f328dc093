import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { decodedMappings, TraceMap } from '@jridgewell/trace-mapping';

/** Describes what is wrong with the source map of a compiled file of an unpacked package. */
export function mapFaults(folder: string, file: string): string[] {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const [, name = ''] = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(text) ?? [];
  const mapPath = join(dirname(path), name);
  if (name === '' || !existsSync(mapPath)) return [`${file}: no map`];
  const map = new TraceMap(readFileSync(mapPath, 'utf8'));
  const sources = map.resolvedSources.map((source) => join(dirname(mapPath), source));
  const faults = sources.flatMap((source, index) =>
    sourceFaults(folder, source, map.sourcesContent?.[index]),
  );
  if (sources.length === 0) faults.push('no source');
  if (faults.length === 0) faults.push(...strayed(text, map, sources));
  return faults.map((fault) => `${file}: ${fault}`);
}

function sourceFaults(folder: string, source: string, content: string | null | undefined): string[] {
  const place = relative(folder, source);
  // Built into the providers: the map leads to the package installed beside this one, and carries the text itself.
  if (/^\.\.\/provider-utils\/dist\/[\w-]+\.js$/.test(place) && content != null) return [];
  if (!place.startsWith('src/') || !existsSync(source)) return [`${place} is not in the package`];
  const isOther = content != null && content !== readFileSync(source, 'utf8');
  return isOther ? [`${place} is not the source it was compiled from`] : [];
}

/** The places where a compiled word maps to a different word in the source, if there are many. */
function strayed(text: string, map: TraceMap, sources: readonly string[]): string[] {
  const compiled = text.split('\n');
  const original = sources.map((source, index) =>
    (map.sourcesContent?.[index] ?? readFileSync(source, 'utf8')).split('\n'),
  );
  let words = 0;
  const strays: string[] = [];
  for (const [line, segments] of decodedMappings(map).entries()) {
    for (const segment of segments) {
      if (segment.length === 1) continue;
      const [column, source, sourceLine, sourceColumn, name] = segment;
      const word = wordAt(compiled[line], column);
      if (word === undefined) continue;
      words++;
      const expected = name === undefined ? word : map.names[name];
      const found = wordAt(original[source]?.[sourceLine], sourceColumn);
      if (found !== expected) strays.push(`${line + 1}:${column + 1} ${word} leads to ${found}`);
    }
  }
  if (words === 0 && !compiled.includes('export {};')) return ['maps nothing'];
  // Compilers and minifiers add words of their own, such as "const". With the map of another text nearly all stray.
  return strays.length > words / 3 ? [`${strays.length} of ${words} words stray: ${strays[0]}`] : [];
}

/** The word that begins there. */
function wordAt(line: string | undefined, column: number): string | undefined {
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*/u.exec(line?.slice(column) ?? '')?.[0];
}
