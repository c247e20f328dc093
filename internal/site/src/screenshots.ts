/** Takes pictures of the named pages, or of all, light and dark, wide and narrow, into a temporary folder. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { schemes, widths } from '@internal/test-tools/opened-site';
import { listedPages } from './contents.ts';
import { look, openSite, show } from './pages-in-browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'site-'));
await using site = await openSite();
const { page } = await site.tab();
const named = process.argv.slice(2);
for (const path of named.length > 0 ? named : listedPages()) {
  await show(page, site.url + path);
  for (const scheme of schemes) {
    for (const [name, width] of Object.entries(widths)) {
      await look(page, scheme, width);
      const file = `${path.replace('.html', '').replaceAll('/', '-')}-${scheme}-${name}.png`;
      await page.screenshot({ path: join(folder, file), fullPage: true, animations: 'disabled' });
    }
  }
}
process.stdout.write(`${folder}\n`);
