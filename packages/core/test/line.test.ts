import { expect, test } from 'vitest';
import { Line } from '../src/line.js';

test('lets so many in at a time, in the order in which they came, without those who have given up', () => {
  const line = new Line(2);
  const entered: string[] = [];
  const go = Object.fromEntries('abcdefg'.split('').map((name) => [name, () => void entered.push(name)]));
  for (const name of ['a', 'b', 'c', 'd', 'e']) line.enter(go[name] as () => void);
  expect(entered.splice(0)).toEqual(['a', 'b']);
  expect(line.cancel(go['c'] as () => void)).toBe(true);
  expect(line.cancel(go['a'] as () => void)).toBe(false);
  line.leave();
  expect(entered.splice(0)).toEqual(['d']);
  for (let turn = 0; turn < 3; turn++) line.leave();
  expect(entered.splice(0)).toEqual(['e']);
  for (const name of ['f', 'g', 'a']) line.enter(go[name] as () => void);
  expect(entered).toEqual(['f', 'g']);
});

test('once the line was opened, nobody is let in until no more than so many are in', () => {
  const line = new Line(2);
  const entered: number[] = [];
  const enter = (name: number): void => line.enter(() => void entered.push(name));
  for (let name = 0; name < 5; name++) enter(name);
  line.open();
  expect(entered.splice(0)).toHaveLength(5);
  for (let name = 5; name < 8; name++) enter(name);
  for (let turn = 0; turn < 3; turn++) line.leave();
  expect(entered).toEqual([]);
  line.leave();
  expect(entered.splice(0)).toEqual([5]);
  for (let turn = 0; turn < 2; turn++) line.leave();
  expect(entered).toEqual([6, 7]);
});
