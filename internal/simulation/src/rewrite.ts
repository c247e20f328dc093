import { Lang, type NapiConfig, parse, type SgNode } from '@ast-grep/napi';

type Rule = NapiConfig['rule'];

/**
 * A change of one place in a source, which is named by its syntax: a pattern with `$NAME` for any expression and
 * `$$$NAME` for any number of them (https://ast-grep.github.io/guide/pattern-syntax.html). A renamed variable or
 * another layout is found all the same.
 */
export interface Edit {
  readonly file: string;
  readonly find: string | Rule;
  /** What stands there afterwards; `$NAME` and `$$$NAME` are what they stood for. */
  readonly replace: string;
}

/** The source with its edits. @throws Error where an edit's place is not there exactly once */
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
