import { Lang, type NapiConfig, parse, type SgNode } from '@ast-grep/napi';

type Rule = NapiConfig['rule'];

/**
 * A change of one place in a source. The place is found by its syntax: a pattern with `$NAME` for any expression and
 * `$$$NAME` for any number of them (https://ast-grep.github.io/guide/pattern-syntax.html). It still matches after a
 * variable is renamed or a line is wrapped.
 */
export interface Edit {
  readonly file: string;
  readonly find: string | Rule;
  /** The replacement, in which `$NAME` and `$$$NAME` stand for what they matched. */
  readonly replace: string;
}

/** The source with its edits. @throws Error unless each edit matches exactly one place */
export function rewrite(source: string, edits: readonly Edit[]): string {
  const root = parse(Lang.TypeScript, source).root();
  const changes = edits.map(({ file, find, replace }) => {
    const places = root.findAll({ rule: typeof find === 'string' ? { pattern: find } : find });
    const [place] = places;
    if (place === undefined || places.length > 1) {
      throw new Error(`${places.length} places in ${file} for ${JSON.stringify(find)}`);
    }
    return place.replace(filledIn(replace, place, source));
  });
  return root.commitEdits(changes);
}

function filledIn(template: string, place: SgNode, source: string): string {
  return template
    .replace(/\$\$\$([A-Z]+)/g, (_, name: string) => {
      const parts = place.getMultipleMatches(name);
      const [first, last] = [parts[0], parts.at(-1)];
      return first && last ? source.slice(first.range().start.index, last.range().end.index) : '';
    })
    .replace(/\$([A-Z]+)/g, (whole, name: string) => place.getMatch(name)?.text() ?? whole);
}
