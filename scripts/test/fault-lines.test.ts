import { expect, test } from 'vitest';
import { faultLines, taggedPlaces } from '../fault-lines.js';

test('the catalogue’s lines are the rows that begin with a number', () => {
  const catalogue = `# 7 things

| no. | what happens | what holds |
| --- | --- | --- |
| 12 | a lock is lost | the holder stops |
| 105a | every token is refused | few exchanges |
`;
  expect(faultLines(catalogue)).toEqual([
    { number: '12', whatHolds: 'the holder stops' },
    { number: '105a', whatHolds: 'few exchanges' },
  ]);
});

test('a test’s lines are its tags, and a test that does not run has none', () => {
  const source = `
describe('a process is killed', { tags: ['fault-22', 'fault-64'] }, () => {
  test.each(kinds)('%i tabs', { tags: ['long'] }, () => expect(5).toBe(5));
  for (const [tag, what] of [['fault-105a', 'a refusal']]) test(what, { tags: [tag] }, () => {});
  test.skip('is left out', { tags: ['fault-5'] }, () => {});
`;
  expect(taggedPlaces(source)).toEqual([
    { number: '22', line: 2 },
    { number: '64', line: 2 },
    { number: '105a', line: 4 },
  ]);
});
