import { tokenStoreSuite } from '@auth/testing/conformance';
import { describe, expect } from 'vitest';
import { BrowserScene } from './support/browser-scene.js';
import { browserTest } from './support/browser-test.js';
import { isBrowserInstalled } from './support/shared-browser.js';

describe.runIf(isBrowserInstalled).concurrent('webStore in one tab keeps every promise of the suite', () => {
  browserTest('on IndexedDB', async ({ scene }) => {
    const tab = await scene.tab();
    const { count, failed } = await tab.evaluate(() => conform());
    expect(failed).toEqual([]);
    expect(count).toBeGreaterThan(10);
  });

  browserTest.for([
    ['localStorage', true],
    ['memory', false],
  ] as const)('without IndexedDB, on %s', async ([, allowPlaintext], { scene }) => {
    const tab = await scene.tab();
    await tab.evaluate(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
    const { failed } = await tab.evaluate((allowed) => conform({ allowPlaintext: allowed }), allowPlaintext);
    expect(failed).toEqual([]);
  });
});

describe.runIf(isBrowserInstalled).concurrent('webStore in several tabs', () => {
  /** One for all these tests: each has a database of its own in it. */
  let shared: BrowserScene;
  browserTest.beforeAll(async ({ browser }) => {
    shared = await BrowserScene.open(browser);
  });
  browserTest.afterAll(() => shared[Symbol.asyncDispose]());

  const onlyPeers = (name: string, run: () => Promise<void>): void => {
    if (name.includes('several processes')) browserTest(name.replace('processes', 'tabs'), run);
  };
  tokenStoreSuite(onlyPeers, () => expect.unreachable(), {
    leaseMs: 1_000,
    openPeer: async (place) => {
      const tab = await shared.tab();
      await tab.evaluate((name) => becomePeer(name), place);
      return {
        run: (command) => tab.evaluate((what) => serve(what), command),
        kill: () => tab.close(),
      };
    },
  });
});
