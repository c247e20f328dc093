import type { Page } from 'playwright-core';
import { describe, expect, vi } from 'vitest';
import { browserTest } from './support/browser-test.js';
import { isBrowserInstalled } from './support/shared-browser.js';
import { deleteDatabase, getRecord, putRecord } from './support/store-in-tab.js';

describe.runIf(isBrowserInstalled).concurrent('what tabs tell each other', () => {
  browserTest('a sign-out in one tab signs out all', async ({ scene }) => {
    const tabs = await scene.tabsWithSession(3);
    await scene.tokensOf(tabs);
    await tabs[0]?.evaluate(() => signOut());
    await vi.waitFor(
      async () => expect(await scene.tokensOf(tabs)).toEqual(tabs.map(() => 'signed_out')),
      10_000,
    );
  });

  browserTest('a message is a string that holds no token', { tags: ['fault-88'] }, async ({ scene }) => {
    const [tab, spy] = (await scene.tabsWithSession(2)) as [Page, Page];
    const { baseUrl, username } = scene.account;
    const key = JSON.stringify(['jwt-login', baseUrl, JSON.stringify({ username })]);
    await spy.evaluate((name) => {
      const heard: unknown[] = [];
      Object.assign(globalThis, { heard });
      new BroadcastChannel(name).onmessage = ({ data }) => heard.push(data);
    }, `auth-tokens:${key}`);
    await tab.evaluate(() => tokens());
    await vi.waitFor(async () => {
      const heard = await spy.evaluate(() => (globalThis as unknown as { heard: unknown[] }).heard);
      expect(heard.length).toBeGreaterThan(0);
      for (const message of heard) expect(message).toMatch(/^[0-9a-f]{24}$/);
    }, 10_000);
  });

  browserTest(
    'a page that may have no channels still keeps its records',
    { tags: ['fault-74'] },
    async ({ scene }) => {
      const tab = await scene.tab();
      await tab.evaluate(() => {
        Object.assign(globalThis, {
          BroadcastChannel: class {
            constructor() {
              throw new DOMException('forbidden', 'SecurityError');
            }
          },
        });
        openStore();
        store().subscribe('key', () => {})();
      });
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      expect(await getRecord(tab)).toMatchObject({ id: 'a' });
    },
  );

  browserTest(
    'a disposed store leaves neither a connection nor a channel open',
    {
      tags: ['fault-85'],
    },
    async ({ scene }) => {
      const [tab, deleter] = (await scene.tabs(2)) as [Page, Page];
      await tab.evaluate(() => openStore());
      const heard = await tab.evaluate(async () => {
        let count = 0;
        store().subscribe('key', () => count++);
        await store().compareAndSet('key', undefined, { id: 'a', value: '' });
        await store()[Symbol.asyncDispose]();
        openStore();
        await store(1).compareAndSet('key', 'a', { id: 'b', value: '' });
        await new Promise((resolve) => setTimeout(resolve, 100));
        await store(1)[Symbol.asyncDispose]();
        return count;
      });
      expect(heard).toBe(0);
      expect(await deleteDatabase(deleter)).toBe('deleted');
    },
  );
});
