import { chromium } from 'playwright-core';
import { bundle } from './bundle.ts';
import type {} from './entries/page.ts';
import type { Place } from './suite/place.ts';
import type { Report } from './suite/report.ts';

/** Runs the suite in a page of Chromium. The emulator serves the page, because the servers allow no other origin. */
export async function runInChromium(
  executablePath: string,
  args: readonly string[],
  place: Place,
  signal: AbortSignal,
): Promise<Report> {
  const browser = await chromium.launch({ executablePath, args: [...args] });
  const close = (): void => void browser.close();
  signal.addEventListener('abort', close, { once: true });
  try {
    const page = await browser.newPage();
    await page.goto(place.url);
    await page.addScriptTag({ type: 'module', content: await bundle('page.ts') });
    // A module runs after its tag was added.
    await page.waitForFunction(() => 'runInPage' in globalThis);
    const report = await page.evaluate((servers) => runInPage(servers), place);
    return { version: browser.version(), ...report };
  } finally {
    signal.removeEventListener('abort', close);
    await browser.close();
  }
}
