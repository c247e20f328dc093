import { expect, test } from 'vitest';
import { Line } from '../src/line.js';
import { settle } from './support/manual-clock.js';

const entered: string[] = [];
const enter = (line: Line, name: string, signal?: AbortSignal): Promise<unknown> =>
  line.enter(signal).then(
    () => entered.push(name),
    () => entered.push(`${name} left`),
  );

test('lets so many in at a time, in the order in which they came, without those who have gone', async () => {
  const line = new Line(2);
  const gone = new AbortController();
  for (const name of ['a', 'b']) enter(line, name);
  enter(line, 'c', gone.signal);
  for (const name of ['d', 'e']) enter(line, name);
  await settle();
  expect(entered.splice(0)).toEqual(['a', 'b']);
  gone.abort();
  line.leave();
  await settle();
  expect(entered.splice(0)).toEqual(['c left', 'd']);
  for (let turn = 0; turn < 3; turn++) line.leave();
  await settle();
  expect(entered.splice(0)).toEqual(['e']);
  enter(line, 'f', gone.signal);
  for (const name of ['g', 'h', 'i']) enter(line, name);
  await settle();
  expect(entered.splice(0)).toEqual(['f left', 'g', 'h']);
});
