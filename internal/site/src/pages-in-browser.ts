import { existsSync } from 'node:fs';
import { OpenedSite, type schemes } from '@internal/test-tools/opened-site';
import type { Page } from 'playwright-core';
import { inRepository, siteFolder } from './repository.ts';

/** Opens the site that was made last, or that of the samples. */
export function openSite(folder: string = siteFolder): Promise<OpenedSite> {
  const made = inRepository(folder);
  if (!existsSync(made)) throw new Error('There is no site yet: pnpm run site makes it.');
  return OpenedSite.open(made);
}

/** Opens a page and waits until its scripts have started. */
export async function show(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => '__vue_app__' in (document.querySelector('#app') ?? {}));
  // Colours that change gradually would be measured on their way.
  await page.addStyleTag({ content: '* { transition: none !important }' });
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
}
