import { seriousFaults } from '@internal/test-tools/axe';
import { hasBrowser, type OpenedSite, schemes, widths } from '@internal/test-tools/opened-site';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { listedPages } from '../src/contents.ts';
import { look, openSite, show } from '../src/pages-in-browser.ts';

/** A page of each kind, seen in each scheme and width. The others have the same parts: each is seen in one of the four. */
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

type Look = readonly [scheme: (typeof schemes)[number], width: number];
const looks: readonly Look[] = schemes.flatMap((scheme) =>
  Object.values(widths).map((width): Look => [scheme, width]),
);
const looksOf = (path: string): readonly Look[] => {
  const turn = all.indexOf(path) % looks.length;
  return isSample(path) ? looks : looks.slice(turn, turn + 1);
};

describe.runIf(hasBrowser)('the site in Chromium, without a network', () => {
  let site: OpenedSite;
  /** One for all pages: a new one compiles the scripts again. */
  let tab: Awaited<ReturnType<OpenedSite['tab']>>;

  beforeAll(async () => {
    site = await openSite();
    tab = await site.tab();
  });
  afterEach(async () => {
    const complaints = tab.complaints.splice(0);
    // What the page starts late is its own, not the next one's.
    await tab.page.goto('about:blank');
    expect([...complaints, ...tab.complaints.splice(0)]).toEqual([]);
  });
  afterAll(() => site[Symbol.asyncDispose]());

  test.each(all)('%s fits its place, and can be used by everybody', async (path) => {
    const { page } = tab;
    await show(page, site.url + path);
    for (const [scheme, width] of looksOf(path)) {
      await look(page, scheme, width);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(await seriousFaults(page)).toEqual([]);
    }
    expect(await page.locator('h1').count()).toBe(1);
  });

  test('the diagram of a 401 is drawn in the colours of the scheme', async () => {
    const { page } = tab;
    await show(page, `${site.url}refused-tokens.html`);
    const colours = new Set<string>();
    for (const scheme of schemes) {
      await look(page, scheme, widths.wide);
      const label = page.locator('.diagram svg .nodeLabel').first();
      colours.add(await label.evaluate((element) => getComputedStyle(element).color));
    }
    expect(colours.size).toBe(2);
  });

  test('the search finds an error by its code, and leads to its cause and cure', async () => {
    const { page } = tab;
    await show(page, site.url);
    await look(page, 'light', widths.wide);
    await page.locator('#local-search button').first().click();
    await page.locator('.search-input').fill('rate_limited');
    await page.locator('.results .result').first().click();
    await page.waitForURL('**/errors.html#rate_limited');
  });
});
