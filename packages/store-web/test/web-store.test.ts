import { describe, expect } from 'vitest';
import { browserTest } from './support/browser-test.js';
import { isBrowserInstalled } from './support/shared-browser.js';
import { degradations, getRecord, putRecord } from './support/store-in-tab.js';

describe.runIf(isBrowserInstalled).concurrent(
  'where the browser has no IndexedDB for the page',
  {
    tags: ['fault-74'],
  },
  () => {
    browserTest('a full localStorage leads on to memory, and both steps are told', async ({ scene }) => {
      const tab = await scene.tab();
      await tab.evaluate(() => {
        Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
        let chunk = 'x'.repeat(1_000_000);
        for (let index = 0; chunk !== ''; index++) {
          try {
            localStorage.setItem(`filler-${index}`, chunk);
          } catch {
            chunk = chunk.slice(0, chunk.length / 2);
          }
        }
        openStore({ allowPlaintext: true });
      });
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      expect(await getRecord(tab)).toMatchObject({ id: 'a' });
      expect(await degradations(tab)).toEqual([
        'local_storage: NotSupportedError',
        'memory: QuotaExceededError',
      ]);
      expect(
        await tab.evaluate(() => Object.keys(localStorage).filter((key) => !key.startsWith('filler'))),
      ).toEqual([]);
    });

    browserTest('a torn record in localStorage is replaced', async ({ scene }) => {
      const tab = await scene.tab();
      await tab.evaluate(() => {
        Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
        localStorage.setItem('auth-tokens:key', 'auth1:{"id"');
        openStore({ allowPlaintext: true });
      });
      expect(await getRecord(tab)).toBeUndefined();
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      expect(await getRecord(tab)).toMatchObject({ id: 'a' });
    });

    browserTest(
      'a sandboxed page, where reading `localStorage` throws, has memory and a lock of its own',
      async ({ scene }) => {
        const tab = await scene.sandboxedTab();
        await tab.evaluate(() => openStore({ allowPlaintext: true }));
        expect(await putRecord(tab, undefined, 'a')).toBe(true);
        expect(await getRecord(tab)).toMatchObject({ id: 'a' });
        expect((await degradations(tab)).at(-1)).toBe('memory: SecurityError');
        expect((await tab.evaluate(() => conform())).failed).toEqual([]);
      },
    );

    browserTest.for([
      [false, ['memory: SecurityError']],
      [true, ['local_storage: SecurityError']],
    ] as const)(
      'a page on plain http works (allowPlaintext: %s)',
      async ([allowPlaintext, expected], { scene }) => {
        const tab = await scene.plainHttpTab();
        expect(await tab.evaluate(() => [isSecureContext, typeof navigator.locks])).toEqual([
          false,
          'undefined',
        ]);
        await tab.evaluate((allowed) => openStore({ allowPlaintext: allowed }), allowPlaintext);
        expect(await putRecord(tab, undefined, 'a')).toBe(true);
        expect(await degradations(tab)).toEqual(expected);
        expect(await tab.evaluate(() => localStorage.length)).toBe(allowPlaintext ? 1 : 0);
        expect(
          (await tab.evaluate((allowed) => conform({ allowPlaintext: allowed }), allowPlaintext)).failed,
        ).toEqual([]);
      },
    );
  },
);
