import type { Page } from 'playwright-core';
import { describe, expect } from 'vitest';
import { browserTest } from './support/browser-test.js';
import { isBrowserInstalled } from './support/shared-browser.js';
import { degradations, deleteDatabase, getRecord, putRecord } from './support/store-in-tab.js';

describe.runIf(isBrowserInstalled).concurrent('records at rest', () => {
  browserTest('tokens are encrypted, under a key that nothing can export', async ({ scene }) => {
    const [tab] = (await scene.tabsWithSession(1)) as [Page];
    await tab.evaluate(() => tokens());
    const found = await tab.evaluate(async () => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const opening = indexedDB.open('auth-tokens');
        opening.onsuccess = () => resolve(opening.result);
      });
      const all = (name: string): Promise<unknown[]> =>
        new Promise((resolve) => {
          const reading = database.transaction(name).objectStore(name).getAll();
          reading.onsuccess = () => resolve(reading.result);
        });
      const [key] = (await all('keys')) as CryptoKey[];
      const exported = await crypto.subtle.exportKey('raw', key as CryptoKey).catch(({ name }) => name);
      return { records: await all('records'), extractable: key?.extractable, exported };
    });
    expect(found).toMatchObject({ extractable: false, exported: 'InvalidAccessError' });
    expect(found.records).toHaveLength(1);
    expect(JSON.stringify(found.records)).toMatch(/"value":"enc1:/);
    expect(JSON.stringify(found.records)).not.toMatch(/accessToken|refreshToken/);
    expect(await tab.evaluate(() => localStorage.length)).toBe(0);
  });

  browserTest('a page loaded again uses the tokens that it left', async ({ scene }) => {
    const [tab] = (await scene.tabsWithSession(1)) as [Page];
    const [before] = await scene.tokensOf([tab]);
    await tab.close();
    const again = await scene.tabsWithSession(1);
    expect(await scene.tokensOf(again)).toEqual([before]);
    expect(scene.takeCalls()).toEqual(['login issued']);
  });

  browserTest(
    'after the browser has evicted everything, the state is a clean signed-out one',
    {
      tags: ['fault-74', 'fault-75'],
    },
    async ({ scene }) => {
      const [tab] = (await scene.tabsWithSession(1)) as [Page];
      await tab.evaluate(() => tokens());
      const { password, ...withoutPassword } = scene.account;
      await tab.evaluate((account) => openSession(account), withoutPassword);
      await tab.evaluate(() => tokens(1));
      await scene.evictAll(tab);
      scene.takeCalls();
      await scene.passDays([tab]);
      expect(await tab.evaluate(() => tokens(1))).toBe('reauthentication_required');
      expect(await tab.evaluate(() => tokens(0))).toMatch(/^[0-9a-f]{24}$/);
      expect(scene.takeCalls()).toEqual(['login issued']);
      expect(password).not.toBe('');
    },
  );
});

describe.runIf(isBrowserInstalled).concurrent('IndexedDB fails for a moment', () => {
  const names = [
    'UnknownError',
    'AbortError',
    'TransactionInactiveError',
    'NotFoundError',
    'InvalidStateError',
  ];

  browserTest(
    'a lost connection is opened again, and no failure is taken for "signed out"',
    {
      tags: ['fault-119'],
    },
    async ({ scene }) => {
      const [tab] = (await scene.tabs(1)) as [Page];
      await tab.evaluate(() => openStore());
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      for (const [index, name] of names.entries()) {
        await tab.evaluate((failure) => {
          const { transaction } = IDBDatabase.prototype;
          IDBDatabase.prototype.transaction = function (...given) {
            IDBDatabase.prototype.transaction = transaction;
            this.close();
            void given;
            throw new DOMException('the connection is lost', failure);
          };
        }, name);
        expect(await getRecord(tab), name).toMatchObject({ id: 'abcdef'[index] });
        expect(await putRecord(tab, 'abcdef'[index], 'abcdef'[index + 1] as string), name).toBe(true);
      }
      expect(await degradations(tab)).toEqual([]);
    },
  );

  browserTest(
    'a database that does not open at all, as in a damaged profile, is a failure that lasts',
    {
      tags: ['fault-119'],
    },
    async ({ scene }) => {
      const [tab] = (await scene.tabs(1)) as [Page];
      await tab.evaluate(() => {
        openStore();
        IDBFactory.prototype.open = () => {
          throw new DOMException('Internal error opening backing store for indexedDB.open.', 'UnknownError');
        };
      });
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      expect(await getRecord(tab)).toMatchObject({ id: 'a' });
      expect(await degradations(tab)).toEqual(['memory: NotReadableError']);
    },
  );

  browserTest(
    'a write that the browser aborts is tried again, and what stood there stands',
    {
      tags: ['fault-120'],
    },
    async ({ scene }) => {
      const [tab] = (await scene.tabs(1)) as [Page];
      await tab.evaluate(() => {
        openStore();
        Object.assign(globalThis, { rejections: [] });
        addEventListener('unhandledrejection', ({ reason }) =>
          (globalThis as never as { rejections: string[] }).rejections.push(String(reason)),
        );
      });
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      /** The next writes are aborted by the browser, as it does when it runs out of something. */
      const abortNext = (times: number): Promise<void> =>
        tab.evaluate((left) => {
          const { put } = IDBObjectStore.prototype;
          let aborts = left;
          IDBObjectStore.prototype.put = function (...given) {
            const request = put.apply(this, given);
            if (aborts-- > 0) this.transaction.abort();
            else IDBObjectStore.prototype.put = put;
            return request;
          };
        }, times);
      await abortNext(1);
      expect(await putRecord(tab, 'a', 'b')).toBe(true);
      await abortNext(3);
      await expect(putRecord(tab, 'b', 'c')).rejects.toThrow('AbortError');
      expect(await getRecord(tab)).toMatchObject({ id: 'b' });
      expect(await degradations(tab)).toEqual([]);
      expect(await tab.evaluate(() => (globalThis as never as { rejections: string[] }).rejections)).toEqual(
        [],
      );
    },
  );

  browserTest(
    'a database that is deleted under it is made anew',
    { tags: ['fault-119'] },
    async ({ scene }) => {
      const [tab, deleter] = (await scene.tabs(2)) as [Page, Page];
      await tab.evaluate(() => openStore());
      expect(await putRecord(tab, undefined, 'a')).toBe(true);
      expect(await deleteDatabase(deleter)).toBe('deleted');
      expect(await getRecord(tab)).toBeUndefined();
      expect(await putRecord(tab, undefined, 'b')).toBe(true);
      expect(await degradations(tab)).toEqual([]);
    },
  );
});

describe.runIf(isBrowserInstalled).concurrent('IndexedDB refuses', { tags: ['fault-74'] }, () => {
  browserTest('over quota, a record is kept in memory, told once, and moves back', async ({ scene }) => {
    const [tab, other] = (await scene.tabs(2)) as [Page, Page];
    for (const page of [tab, other]) await page.evaluate(() => openStore());
    // Before the first use: the browser remembers what room it found.
    await scene.setQuota(tab, 1);
    expect(await putRecord(tab, undefined, 'b')).toBe(true);
    expect(await putRecord(tab, 'b', 'c')).toBe(true);
    expect(await putRecord(tab, 'b', 'x')).toBe(false);
    expect(await getRecord(tab)).toMatchObject({ id: 'c' });
    expect(await getRecord(other)).toBeUndefined();
    expect(await degradations(tab)).toEqual(['memory: QuotaExceededError']);
    await scene.setQuota(tab);
    expect(await putRecord(tab, 'c', 'd')).toBe(true);
    expect(await getRecord(other)).toMatchObject({ id: 'd' });
  });

  browserTest(
    'a database without room for its key is closed again, so that it can be deleted',
    async ({ scene }) => {
      const [tab, deleter] = (await scene.tabs(2)) as [Page, Page];
      await scene.setQuota(tab, 1);
      await tab.evaluate(async () => {
        openStore();
        for (let attempt = 0; attempt < 3; attempt++) await store().get('key');
      });
      expect(await degradations(tab)).toEqual(['memory: QuotaExceededError']);
      expect(await deleteDatabase(deleter)).toBe('deleted');
    },
  );

  browserTest(
    'while another tab blocks it, records are in memory within seconds, and move back',
    async ({ scene }) => {
      const [holder, deleter, tab] = (await scene.tabs(3)) as [Page, Page, Page];
      await holder.evaluate(
        () =>
          new Promise<void>((resolve) => {
            indexedDB.open('auth-tokens', 1).onsuccess = () => resolve();
          }),
      );
      await deleter.evaluate(
        () =>
          new Promise<void>((resolve) => {
            indexedDB.deleteDatabase('auth-tokens').onblocked = () => resolve();
          }),
      );
      await tab.evaluate(() => {
        stopTime();
        openStore();
      });
      const startedAt = await tab.evaluate(() => performance.now());
      const isPut = putRecord(tab, undefined, 'a');
      await tab.evaluate(() => passTime(3_000));
      expect(await isPut).toBe(true);
      expect((await tab.evaluate(() => performance.now())) - startedAt).toBeLessThan(5_000);
      expect(await degradations(tab)).toEqual(['memory: TimeoutError']);
      expect(await getRecord(tab)).toMatchObject({ id: 'a' });
      await holder.close();
      // The store leaves a database alone for ten seconds after opening it took too long.
      await tab.evaluate(() => passTime(10_001));
      expect(await putRecord(tab, 'a', 'b')).toBe(true);
      await tab.close();
      const other = await scene.tab();
      await other.evaluate(() => openStore());
      expect(await getRecord(other)).toMatchObject({ id: 'b' });
    },
  );

  browserTest('a database that another tab deletes is closed, and made again', async ({ scene }) => {
    const [tab, deleter] = (await scene.tabs(2)) as [Page, Page];
    await tab.evaluate(() => openStore());
    await putRecord(tab, undefined, 'a');
    await deleter.evaluate(
      () =>
        new Promise<void>((resolve) => {
          indexedDB.deleteDatabase('auth-tokens').onsuccess = () => resolve();
        }),
    );
    expect(await getRecord(tab)).toBeUndefined();
    expect(await putRecord(tab, undefined, 'b')).toBe(true);
    expect(await degradations(tab)).toEqual([]);
  });
});
