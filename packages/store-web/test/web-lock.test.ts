import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { browserTest } from './support/browser-test.js';
import { isBrowserInstalled } from './support/shared-browser.js';

describe.runIf(isBrowserInstalled).concurrent('a lock across tabs', () => {
  browserTest.for([2, 5])(
    '%i tabs that meet an expired token make one exchange',
    {
      tags: ['fault-2'],
    },
    async (count, { scene }) => {
      const tabs = await scene.tabsWithSession(count);
      expect(new Set(await scene.tokensOf(tabs)).size).toBe(1);
      expect(scene.takeCalls()).toEqual(['login issued']);
      for (let round = 0; round < 5; round++) {
        await scene.passDays(tabs);
        expect(new Set(await scene.tokensOf(tabs)).size).toBe(1);
        expect(scene.takeCalls()).toEqual(['refresh issued']);
        const statuses = tabs.map((tab) => tab.evaluate((url) => call(url), scene.apiUrl));
        expect(await Promise.all(statuses)).toEqual(tabs.map(() => 200));
      }
    },
  );

  browserTest('a tab closed while it holds the lock frees it', { tags: ['fault-64'] }, async ({ scene }) => {
    const [closing, other] = (await scene.tabsWithSession(2)) as [Page, Page];
    await scene.tokensOf([closing, other]);
    scene.takeCalls();
    await scene.passDays([closing, other]);
    // The request of this tab never leaves, and the tab holds the lock all the while.
    await closing.evaluate(
      () =>
        new Promise<void>((resolve) => {
          globalThis.fetch = () => {
            resolve();
            return new Promise(() => {});
          };
          tokens();
        }),
    );
    const waiting = scene.tokensOf([other]);
    const { held } = await other.evaluate(() => navigator.locks.query());
    expect(held).toHaveLength(1);
    await closing.close();
    expect(await waiting).toHaveLength(1);
    expect(await other.evaluate((url) => call(url), scene.apiUrl)).toBe(200);
    expect(scene.takeCalls()).toEqual(['refresh issued']);
  });

  browserTest(
    'a holder notices that another program has stolen its lock',
    {
      tags: ['fault-12'],
    },
    async ({ scene }) => {
      const tab = await scene.tab();
      const [before, after, told] = await tab.evaluate(async () => {
        openStore();
        const lease = await store().lock('key', { signal: new AbortController().signal });
        const isHeld = lease.held();
        await navigator.locks.request('auth:auth-tokens:key', { steal: true }, () => {});
        await new Promise((resolve) => setTimeout(resolve));
        const result = [isHeld, lease.held(), lease.lost.aborted];
        await lease.release();
        return result;
      });
      expect([before, after, told]).toEqual([true, false, true]);
    },
  );
});
