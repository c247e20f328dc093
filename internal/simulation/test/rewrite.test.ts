import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Lang, parse } from '@ast-grep/napi';
import { describe, expect, test } from 'vitest';
import { coreSources } from '../src/core.ts';
import { mutants } from '../src/mutants.ts';
import { rewrite } from '../src/rewrite.ts';

const edit = { file: 'a.ts', find: 'if (!$LEASE.held()) return $END;', replace: 'void $LEASE;' };

describe('an edit', () => {
  test('finds its place whatever the variables are called and however the lines break', () => {
    const source = `
      export function send(tenure: Lease) {
        if (
          !tenure.held()
        )
          return 'lock_again';
        return undefined;
      }`;
    expect(rewrite(source, [edit])).toContain('void tenure;');
    expect(rewrite(source, [edit])).not.toContain('lock_again');
  });

  test('throws when it matches no place, or more than one', () => {
    expect(() => rewrite('const a = 1;', [edit])).toThrow('0 places in a.ts');
    const twice = 'function f() { if (!a.held()) return 1; if (!b.held()) return 2; }';
    expect(() => rewrite(twice, [edit])).toThrow('2 places in a.ts');
  });

  test('keeps the arguments that it names', () => {
    const call = {
      file: 'a.ts',
      find: 'send($FIRST, $$$REST)',
      replace: 'later(() => send($FIRST, $$$REST))',
    };
    expect(rewrite('send(a, b, { c: 1 });', [call])).toBe('later(() => send(a, b, { c: 1 }));');
  });
});

test.each(mutants)('applies to the engine as it is: $name', ({ edits }) => {
  for (const { file } of edits) {
    const source = readFileSync(join(coreSources, file), 'utf8');
    const changed = rewrite(
      source,
      edits.filter((edit) => edit.file === file),
    );
    expect(changed).not.toBe(source);
    expect(
      parse(Lang.TypeScript, changed)
        .root()
        .find({ rule: { kind: 'ERROR' } }),
    ).toBeNull();
  }
});
