import { expect, test } from 'vitest';
import { numbersIn, testsOf } from '../fault-tests.js';

test('a catalogue’s numbers are the rows that begin with one', () => {
  const catalogue = '# 7 things\n| no. | what |\n| --- | --- |\n| 12 | a lock |\n| 13 | a wait of 5 s |\n';
  expect(numbersIn(catalogue)).toEqual([12, 13]);
});

test('a test’s numbers are those that its name begins with', () => {
  const source = `
describe('22, 64 a process is killed', () => {
  test.each(kinds)('2 %i tabs', () => expect(5).toBe('7 no name'));
  test.each([
    ['71 a link', 1],
    ['41', 'missing'],
    ['a row', '9 not first'],
  ])('%s', () => {});
  test('54 429', () => {});
  test('three quarters', () => {});
  test.skip('5 is left out', () => {});
  test.todo('6 is to come');
`;
  expect(testsOf(source)).toEqual([
    { number: 22, line: 2 },
    { number: 64, line: 2 },
    { number: 2, line: 3 },
    { number: 71, line: 5 },
    { number: 41, line: 6 },
    { number: 54, line: 9 },
  ]);
});
