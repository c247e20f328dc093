import { expect, test } from 'vitest';
import { holdsNoneOf } from '../src/suite/errors.ts';

const secret = 'correct-horse';

test.each<[where: string, error: Error]>([
  ['in the message', new Error(`refused: ${secret}`)],
  [
    'in a cause',
    new Error('refused', { cause: new Error('why', { cause: { body: { password: secret } } }) }),
  ],
  [
    'where it is not enumerable',
    Object.defineProperty(new Error('refused'), 'request', { value: { headers: [secret] } }),
  ],
  ['under a symbol', Object.assign(new Error('refused'), { [Symbol('options')]: secret })],
])('a secret is found %s', (_, error) => {
  expect(() => holdsNoneOf([secret], error)).toThrow('secrets in an error');
});

test('an error that refers to itself is searched once', () => {
  const error = new Error('refused');
  error.cause = error;
  holdsNoneOf([secret], error);
});
