import { hasBrowser } from '@internal/test-tools/opened-site';
import { describe, test } from 'vitest';
import { listedPages } from '../src/contents.ts';
import { samplePages } from '../src/samples.ts';
import { expectUsable, looksInTurn, visitOfAllTests } from './support.ts';

describe.runIf(hasBrowser)('the other pages in Chromium, without a network', () => {
  const visit = visitOfAllTests();

  // They have the same parts as the samples: each is looked at in one way.
  // Those of the reference are made alike by one program: it is one in three of them.
  const others = listedPages().filter(
    (path, index) => !samplePages.includes(path) && (!path.startsWith('reference/') || index % 3 === 0),
  );
  const pages = others.map((path, index) => ({ path, ways: looksInTurn(index) }));
  test.each(pages)('$path fits its place, and can be used by everybody', ({ path, ways }) =>
    expectUsable(visit, path, ways),
  );
});
