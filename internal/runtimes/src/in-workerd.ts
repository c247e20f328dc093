import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Miniflare } from 'miniflare';
import { bundle } from './bundle.ts';
import type { Place } from './suite/place.ts';
import type { Report } from './suite/report.ts';

/** Runs the suite in workerd, without its Node compatibility. */
export async function runInWorkerd(place: Place, signal: AbortSignal): Promise<Report> {
  const workerd = new Miniflare({
    modules: true,
    script: await bundle('worker.ts'),
    // With dates before September 2025, redirects to another origin keep the token.
    compatibilityDate: '2025-08-01',
  });
  try {
    const response = await workerd.dispatchFetch('http://worker.example/', {
      method: 'POST',
      body: JSON.stringify(place),
      signal,
    });
    if (!response.ok) throw new Error(await response.text());
    return { version: installedVersion(), ...((await response.json()) as Report) };
  } finally {
    await workerd.dispose();
  }
}

/** Read from the package, because workerd does not report its version. */
function installedVersion(): string {
  const { resolve } = createRequire(import.meta.resolve('miniflare'));
  const { version } = JSON.parse(readFileSync(resolve('workerd/package.json'), 'utf8'));
  return version;
}
