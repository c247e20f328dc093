import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { hasBrowser } from '@internal/test-tools/opened-site';
import { beforeAll, describe, test } from 'vitest';
import { samplesFolder } from '../src/repository.ts';
import { samplePages } from '../src/samples.ts';
import { expectUsable, looksInTurn, visitOfAllTests } from './support.ts';

describe.runIf(hasBrowser)('a page of each kind in Chromium, without a network', () => {
  beforeAll(() => {
    const program = join(import.meta.dirname, '../src/main.ts');
    // As a site that is published, not as vitest runs its tests.
    const env = { ...process.env, NODE_ENV: 'production' };
    execFileSync(process.execPath, [program, '--samples'], { env, stdio: 'pipe' });
  }, 60_000);
  const visit = visitOfAllTests(samplesFolder);

  const pages = samplePages.map((path, index) => ({ path, ways: looksInTurn(index) }));
  test.each(pages)('$path fits its place, and can be used by everybody', ({ path, ways }) =>
    expectUsable(visit, path, ways),
  );
});
