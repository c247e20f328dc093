import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mentions, moved, objectionTo, scopeOf, withoutWarning } from '../rescope.js';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const current = scopeOf(read('packages/core/package.json'));

test.each([
  ["from '@here/core'", "from '@there/core'"],
  ['@here:registry=https://registry.example', '@there:registry=https://registry.example'],
  ['/^@here\\/core$/', '/^@there\\/core$/'],
  ["['@here', '@azure']", "['@there', '@azure']"],
  ['the `@here` packages, or @here.', 'the `@there` packages, or @there.'],
  ['"@here-examples/demo"', '"@there-examples/demo"'],
  ["'npm:@here/core@1.0.0'", "'npm:@there/core@1.0.0'"],
])('%s is moved', (text, expected) => {
  expect(moved(text, '@here', '@there')).toBe(expected);
});

test.each([
  'https://user:secret@here.example.com',
  'ada@here',
  '@here-else/core',
  '@hereafter/core',
  '@here.example/core',
])('%s is another name', (text) => {
  expect(moved(text, '@here', '@there')).toBe(text);
});

describe('the tracked files, moved', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0');
  const texts = files
    .filter((file) => file !== '' && file !== 'scripts/test/moved-names.test.ts')
    .map((file) => ({ file, text: read(file) }))
    .filter(({ text }) => !text.includes('\0'));

  test('names the scope nowhere', () => {
    const before = texts.filter(({ text }) => text.includes(`${current}/`));
    expect(before.length).toBeGreaterThan(100);
    const left = texts.filter(({ text }) => {
      const after = moved(text, current, '@elsewhere');
      return after.includes(`${current}/`) || after.includes(`${current}:`) || mentions(current).test(after);
    });
    expect(left.map(({ file }) => file)).toEqual([]);
  });

  test('warns nobody of a foreign scope', () => {
    const warnings = /belongs\s+to\s+somebody\s+else|:registry https/;
    const documents = texts.filter(({ file }) => file.endsWith('.md'));
    const left = documents.filter(({ text }) => warnings.test(withoutWarning(text, current)));
    expect(left.map(({ file }) => file)).toEqual([]);
  });

  test('keeps every other paragraph', () => {
    for (const { file, text } of texts.filter((each) => each.file.endsWith('.md'))) {
      const after = withoutWarning(text, current);
      for (const paragraph of text.split(/\n\n+/)) {
        if (!/somebody\s+else|:registry/.test(paragraph)) expect(after, file).toContain(paragraph.trim());
      }
    }
  });
});

test('the warning is removed together with the setting that it asks for', () => {
  const markdown = `# A

\`\`\`sh
npm config set @here:registry https://registry.example/ --location project
npm install @here/core
\`\`\`

The \`@here\` scope belongs
to somebody else: take care.

- One.
- The scope belongs to somebody else, or
  so they say.
- Two.
`;
  expect(withoutWarning(markdown, '@here')).toBe(`# A

\`\`\`sh
npm install @here/core
\`\`\`

- One.
- Two.
`);
});

test.each([
  ['acme', 'no scope'],
  ['@Acme', 'no scope'],
  ['@acme/core', 'no scope'],
  ['@-acme', 'no scope'],
  ['', 'no scope'],
  ['@here', 'already'],
  ['@types', 'dependencies'],
])('%s is refused as a scope', (scope, reason) => {
  expect(objectionTo(scope, '@here', "  '@types/node@24.0.0':")).toContain(reason);
});

test('a scope that nothing here uses is accepted', () => {
  expect(objectionTo('@acme-2', '@here', "  '@types/node@24.0.0':")).toBeUndefined();
});
