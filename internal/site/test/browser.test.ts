import { seriousFaults } from '@internal/test-tools/axe';
import { hasBrowser, type OpenedSite, schemes, widths } from '@internal/test-tools/opened-site';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listedPages } from '../src/contents.ts';
import { look, openSite, show } from '../src/pages-in-browser.ts';

/** A page of each kind. The reference of core is so long that axe takes a minute for it. */
const samples = [
  'index',
  'playground',
  'guides/nextjs',
  'stores/memory',
  'vendors/keycloak',
  'refused-tokens',
  'performance',
  'comparison',
  'packages/core',
  'reference/joor',
];
const isSample = (path: string): boolean => samples.includes(path.replace(/\.html$/, ''));
const all = ['index.html', ...listedPages()];
const [someOfEachKind, others] = [all.filter(isSample), all.filter((path) => !isSample(path))];

describe.runIf(hasBrowser)('the site in Chromium, without a network', () => {
  let site: OpenedSite;

  beforeAll(async () => {
    site = await openSite();
  });
  afterAll(() => site[Symbol.asyncDispose]());

  const fitsEverywhere = async (path: string): Promise<void> => {
    await using tab = await site.tab();
    const { page, complaints } = tab;
    await show(page, site.url + path);
    for (const scheme of schemes) {
      for (const width of Object.values(widths)) {
        await look(page, scheme, width);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        expect(await seriousFaults(page)).toEqual([]);
      }
    }
    expect(await page.locator('h1').count()).toBe(1);
    expect(complaints).toEqual([]);
  };

  test.each(someOfEachKind)(
    '%s fits a screen and a phone, light and dark, and can be used by everybody',
    fitsEverywhere,
  );

  test.each(others)(
    '%s fits a screen and a phone, light and dark, and can be used by everybody, too',
    { tags: ['longest'], timeout: 120_000 },
    fitsEverywhere,
  );

  test('the diagram of a 401 is drawn in the colours of the scheme', async () => {
    await using tab = await site.tab();
    const { page, complaints } = tab;
    await show(page, `${site.url}refused-tokens.html`);
    const colours = new Set<string>();
    for (const scheme of schemes) {
      await look(page, scheme, widths.wide);
      const label = page.locator('.diagram svg .nodeLabel').first();
      colours.add(await label.evaluate((element) => getComputedStyle(element).color));
    }
    expect(colours.size).toBe(2);
    expect(complaints).toEqual([]);
  });

  test('the search finds an error by its code, and leads to its cause and cure', async () => {
    await using tab = await site.tab();
    const { page, complaints } = tab;
    await show(page, site.url);
    await look(page, 'light', widths.wide);
    await page.locator('#local-search button').first().click();
    await page.locator('.search-input').fill('rate_limited');
    await page.locator('.results .result').first().click();
    await page.waitForURL('**/errors.html#rate_limited');
    expect(complaints).toEqual([]);
  });
});
