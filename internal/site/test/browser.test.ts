import { hasBrowser, schemes, widths } from '@internal/test-tools/opened-site';
import { describe, expect, test } from 'vitest';
import { look, show } from '../src/pages-in-browser.ts';
import { samplePages } from '../src/samples.ts';
import { expectUsable, looks, visitOfAllTests } from './support.ts';

describe.runIf(hasBrowser)('the site in Chromium, without a network', () => {
  const visit = visitOfAllTests();

  // Both schemes, both widths; samples.test.ts adds one of the four looks.
  test.each(samplePages)('%s fits its place, and can be used by everybody', (path) =>
    expectUsable(visit, path, looks.slice(1, 3)),
  );

  test('the diagram of a 401 is drawn in the colours of the scheme', async () => {
    const { page } = visit.tab;
    await show(page, `${visit.site.url}refused-tokens.html`);
    const colours = new Set<string>();
    for (const scheme of schemes) {
      await look(page, scheme, widths.wide);
      const label = page.locator('.diagram svg .nodeLabel').first();
      colours.add(await label.evaluate((element) => getComputedStyle(element).color));
    }
    expect(colours.size).toBe(2);
  });

  test('the search finds an error by its code, and leads to its cause and cure', async () => {
    const { page } = visit.tab;
    await show(page, visit.site.url);
    await look(page, 'light', widths.wide);
    await page.locator('#local-search button').first().click();
    await page.locator('.search-input').fill('rate_limited');
    await page.locator('.results .result').first().click();
    await page.waitForURL('**/errors.html#rate_limited');
  });
});
