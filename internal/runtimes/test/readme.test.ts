import { expect, test } from 'vitest';
import { says, withTable } from '../src/readme.ts';

const table = (chromium: string, passed: string): string =>
  [
    '| runtime | version | joor |',
    '| Node | 24.21.0 | 33 of 33 |',
    `| Chromium | ${chromium} | ${passed} |`,
  ].join('\n');
const readme = withTable(
  '# Title\n\n<!-- runtimes -->\n<!-- /runtimes -->\n\nText',
  table('150.0.1', '33 of 33'),
);

test('the table stands between its marks, and the text around it stays', () => {
  expect(readme).toBe(
    `# Title\n\n<!-- runtimes -->\n\n${table('150.0.1', '33 of 33')}\n\n<!-- /runtimes -->\n\nText`,
  );
  expect(withTable(readme, 'another')).toBe(
    '# Title\n\n<!-- runtimes -->\n\nanother\n\n<!-- /runtimes -->\n\nText',
  );
});

test('a README with other counts or versions is noticed, except for the version of Chromium', () => {
  expect(says(readme, table('150.0.1', '33 of 33'))).toBe(true);
  expect(says(readme, table('151.0.2', '33 of 33'))).toBe(true);
  expect(says(readme, table('150.0.1', '32 of 33'))).toBe(false);
  expect(says(readme, table('150.0.1', '33 of 33').replace('24.21.0', '24.22.0'))).toBe(false);
});

test('a README without the marks is an error', () => {
  expect(() => withTable('# Title', 'table')).toThrow('expected <!-- runtimes -->');
});
