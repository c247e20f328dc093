import { expect, test } from 'vitest';
import { fragmentOf, sceneOf } from '../src/link.ts';

test('a link carries the scene', () => {
  const scene = { workers: 5, acts: ['callers', 'expires', 'sign-out'] };
  expect(sceneOf(fragmentOf(scene))).toEqual(scene);
});

test.each(['', 'workers=99', 'workers=x&acts=', 'acts=nonsense.<script>', '%'])(
  'what a link says wrong is left out: %j',
  (fragment) => {
    expect(sceneOf(fragment)).toEqual({ workers: 3, acts: [] });
  },
);
