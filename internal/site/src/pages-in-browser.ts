import { existsSync } from 'node:fs';
import { OpenedSite, type schemes } from '@internal/test-tools/opened-site';
import type { Page } from 'playwright-core';
import { inRepository, siteFolder } from './repository.ts';

/** Opens the site that was built last. */
export function openSite(): Promise<OpenedSite> {
  const folder = inRepository(siteFolder);
  if (!existsSync(folder)) throw new Error('There is no site yet: pnpm run site makes it.');
  return OpenedSite.open(folder);
}

/** Opens a page and waits until its scripts have started. */
export async function show(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}));
}

/** Shows the page in a scheme and a width, and waits until it is drawn for them. */
export async function look(page: Page, scheme: (typeof schemes)[number], width: number): Promise<void> {
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme });
  await page.waitForFunction((wanted) => {
    const isDark = document.documentElement.classList.contains('dark');
    const diagrams = [...document.querySelectorAll<HTMLElement>('.diagram')];
    return isDark === (wanted === 'dark') && diagrams.every(({ dataset }) => dataset['scheme'] === wanted);
  }, scheme);
  // Colours change gradually.
  await page.evaluate(() => {
    const changes = document.getAnimations().filter((each) => each instanceof CSSTransition);
    return Promise.allSettled(changes.map(({ finished }) => finished));
  });
}
