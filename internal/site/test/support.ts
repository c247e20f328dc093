import { seriousFaults } from '@internal/test-tools/axe';
import { type OpenedSite, schemes, widths } from '@internal/test-tools/opened-site';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { look, openSite, show } from '../src/pages-in-browser.ts';

type Look = readonly [scheme: (typeof schemes)[number], width: number];

/** Each scheme in each width. */
export const looks: readonly Look[] = schemes.flatMap((scheme) =>
  Object.values(widths).map((width): Look => [scheme, width]),
);

/** One of them, another for the next page. */
export function looksInTurn(index: number): readonly Look[] {
  const turn = index % looks.length;
  return looks.slice(turn, turn + 1);
}

/** The site, and one tab for all tests of a file: a new one compiles the scripts again. */
export interface Visit {
  readonly site: OpenedSite;
  readonly tab: Awaited<ReturnType<OpenedSite['tab']>>;
}

/** @param folder default: the whole site */
export function visitOfAllTests(folder?: string): Visit {
  const visit = {} as { -readonly [Part in keyof Visit]: Visit[Part] };
  beforeAll(async () => {
    visit.site = await openSite(folder);
    visit.tab = await visit.site.tab();
  });
  afterEach(async () => {
    const { complaints, page } = visit.tab;
    const told = complaints.splice(0);
    // What the page starts late is its own, not the next one's.
    await page.goto('about:blank');
    expect([...told, ...complaints.splice(0)]).toEqual([]);
  });
  afterAll(() => visit.site[Symbol.asyncDispose]());
  return visit;
}

/** The page fits its place and can be used by everybody, in each of these looks. */
export async function expectUsable(
  { site, tab: { page } }: Visit,
  path: string,
  ways: readonly Look[],
): Promise<void> {
  await show(page, site.url + path);
  for (const [scheme, width] of ways) {
    await look(page, scheme, width);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    expect(await seriousFaults(page)).toEqual([]);
  }
  expect(await page.locator('h1').count()).toBe(1);
}
