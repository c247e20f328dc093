import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seriousFaults } from '@internal/test-tools/axe';
import { hasBrowser, OpenedSite, schemes, widths } from '@internal/test-tools/opened-site';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acts } from '../src/acts.ts';

describe.runIf(hasBrowser)('the playground in Chromium', () => {
  let folder: string;
  let site: OpenedSite;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'playground-'));
    const root = fileURLToPath(new URL('..', import.meta.url));
    await build({ root, logLevel: 'silent', build: { outDir: folder, emptyOutDir: true } });
    site = await OpenedSite.open(folder);
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const ready = (page: Page): Promise<unknown> => page.waitForSelector('.playground[data-ready="true"]');
  const open = async (page: Page, fragment = ''): Promise<void> => {
    await page.goto(`${site.url}index.html${fragment}`);
    await ready(page);
  };
  /** Turns the dial to its end. */
  const atOnce = async (page: Page): Promise<void> => {
    await page.getByLabel('Speed').focus();
    await page.keyboard.press('End');
  };
  const countOf = (page: Page, name: string): Promise<string | null> =>
    page.locator(`[data-count="${name}"]`).textContent();

  test('each button does to the ledger what it says', { tags: ['long'] }, async () => {
    await using tab = await site.tab();
    const { page, complaints } = tab;
    await open(page);
    await atOnce(page);
    const exchanges: Record<string, string> = {};
    for (const { id } of acts) {
      await page.locator(`[data-act="${id}"]`).click();
      await ready(page);
      exchanges[id] = `${await countOf(page, 'logins')}, ${await countOf(page, 'refreshes')}`;
    }
    // Logins and refreshes so far: the acts follow each other.
    expect(exchanges).toEqual({
      callers: '1, 0',
      expires: '1, 1',
      revoked: '1, 2',
      lost: '2, 4',
      away: '2, 5',
      'slow-down': '2, 7',
      'wrong-password': '4, 8',
      'wrong-client': '4, 10',
      worker: '4, 10',
      'sign-out': '4, 10',
      'sign-in': '5, 10',
    });
    expect(complaints).toEqual([]);
  });

  test('works by keyboard alone, and says what happened', async () => {
    await using tab = await site.tab();
    const { page } = tab;
    await open(page);
    await atOnce(page);
    await page.locator('[data-act="callers"]').focus();
    await page.keyboard.press('Enter');
    await ready(page);
    expect(await page.locator('[aria-live]').textContent()).toContain('1,000 of 1,000 calls were answered');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('data-act'))).toBe('callers');
  });

  test('a link carries the scene, and everybody sees the same', { tags: ['long'] }, async () => {
    await using first = await site.tab();
    await open(first.page, '#workers=2&acts=callers.lost');
    const said = await first.page.locator('[aria-live]').textContent();
    await using second = await site.tab();
    await open(second.page, new URL(first.page.url()).hash);
    expect(said).toContain('1 login, 2 refreshes');
    expect(await second.page.locator('[aria-live]').textContent()).toBe(said);
    expect(await second.page.locator('.timeline-lane').count()).toBe(3);
  });

  test('plays in real time too, and draws what is under way', { tags: ['long'] }, async () => {
    await using tab = await site.tab();
    const { page } = tab;
    await open(page);
    await page.locator('[data-act="callers"]').click();
    await page.waitForSelector('.timeline-bar.login.running');
    await ready(page);
    expect(await page.locator('.timeline-bar.call.accepted').first().textContent()).toBe('334 × 200');
  });

  test('has no serious fault for a screen reader, and fits a phone, light and dark', async () => {
    await using tab = await site.tab();
    const { page } = tab;
    await open(page, '#workers=3&acts=callers.revoked.lost');
    for (const scheme of schemes) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.evaluate(
        (isDark) => document.documentElement.classList.toggle('dark', isDark),
        scheme === 'dark',
      );
      for (const width of Object.values(widths)) {
        await page.setViewportSize({ width, height: 900 });
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        expect(await seriousFaults(page)).toEqual([]);
      }
    }
  });
});
