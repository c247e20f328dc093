import { manualClock } from '@auth/testing/clock';
import { type PeerCommand, tokenStoreSuite } from '@auth/testing/conformance';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WebStore, WebStoreOptions } from '../src/index.js';
import { BrowserScene, executablePath } from './support/browser.js';

/** What support/page.js puts on a page. */
declare global {
  var events: { type: string; keptIn?: string; reason?: string }[];
  var openStore: (options?: WebStoreOptions) => number;
  var store: (index?: number) => WebStore;
  var conform: (options?: WebStoreOptions) => Promise<{ count: number; failed: string[] }>;
  var becomePeer: (place: string) => void;
  var serve: (command: PeerCommand) => Promise<unknown>;
  var openSession: (options: object) => number;
  var passDays: (days: number) => void;
  var tokens: (index?: number) => Promise<string>;
  var call: (url: string, index?: number) => Promise<number>;
  var signOut: (index?: number) => Promise<void>;
}

describe.runIf(executablePath)('webStore in Chromium', { timeout: 30_000 }, () => {
  const clock = manualClock(Date.now());
  let scene: BrowserScene;
  let daysPassed = 0;

  beforeAll(async () => {
    scene = await BrowserScene.start({ clock });
  });
  afterAll(() => scene[Symbol.asyncDispose]());
  beforeEach(() => scene.reset());

  const calls = (): string[] => {
    const { ledger } = scene.emulator.jwtLogin;
    const seen = ledger.entries.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`);
    ledger.clear();
    return seen;
  };
  /** Tabs with a session each, on one store. */
  const tabsWithSession = async (count: number, options: WebStoreOptions = {}): Promise<Page[]> => {
    const tabs = await Promise.all(Array.from({ length: count }, () => scene.tab()));
    for (const tab of tabs) {
      await tab.evaluate(
        ([storeOptions, account]) => {
          openStore(storeOptions as WebStoreOptions);
          openSession(account as object);
        },
        [options, scene.account],
      );
    }
    await passDay(tabs, 0);
    return tabs;
  };
  const passDay = async (tabs: readonly Page[], days = 1): Promise<void> => {
    daysPassed += days;
    clock.jump(days * 24 * 3_600_000);
    await Promise.all(tabs.map((tab) => tab.evaluate((passed) => passDays(passed), daysPassed)));
  };
  const tokensOf = (tabs: readonly Page[]): Promise<string[]> =>
    Promise.all(tabs.map((tab) => tab.evaluate(() => tokens())));

  describe('conformance', () => {
    test('the suite passes on IndexedDB', async () => {
      const tab = await scene.tab();
      const { count, failed } = await tab.evaluate(() => conform());
      expect(failed).toEqual([]);
      expect(count).toBeGreaterThan(10);
    });

    test.each([
      ['localStorage', true],
      ['memory', false],
    ])('without IndexedDB, on %s', async (_, allowPlaintext) => {
      const tab = await scene.tab();
      await tab.evaluate(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }));
      const { failed } = await tab.evaluate(
        (allowed) => conform({ allowPlaintext: allowed }),
        allowPlaintext,
      );
      expect(failed).toEqual([]);
    });

    const onlyPeers = (name: string, run: () => Promise<void>): void => {
      if (name.includes('several processes')) test(name.replace('processes', 'tabs'), run);
    };
    tokenStoreSuite(onlyPeers, () => expect.unreachable(), {
      leaseMs: 1_000,
      openPeer: async (place) => {
        const tab = await scene.tab();
        await tab.evaluate((name) => becomePeer(name), place);
        return {
          run: (command) => tab.evaluate((what) => serve(what), command),
          kill: () => tab.close(),
        };
      },
    });
  });

  describe('tabs', () => {
    test.each([2, 5])('%i tabs meet an expired token: one exchange', { tags: ['fault-2'] }, async (count) => {
      const tabs = await tabsWithSession(count);
      expect(new Set(await tokensOf(tabs)).size).toBe(1);
      expect(calls()).toEqual(['login issued']);
      for (let round = 0; round < 5; round++) {
        await passDay(tabs);
        expect(new Set(await tokensOf(tabs)).size).toBe(1);
        expect(calls()).toEqual(['refresh issued']);
        const statuses = tabs.map((tab) => tab.evaluate((url) => call(url), scene.apiUrl));
        expect(await Promise.all(statuses)).toEqual(tabs.map(() => 200));
      }
    });

    test('a tab closed while it holds the lock frees it', { tags: ['fault-64'] }, async () => {
      const [closing, other] = (await tabsWithSession(2)) as [Page, Page];
      await tokensOf([closing, other]);
      calls();
      await passDay([closing, other]);
      // Its request never leaves, and it holds the lock all the while.
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
      const waiting = tokensOf([other]);
      const { held } = await other.evaluate(() => navigator.locks.query());
      expect(held).toHaveLength(1);
      await closing.close();
      expect(await waiting).toHaveLength(1);
      expect(await other.evaluate((url) => call(url), scene.apiUrl)).toBe(200);
      expect(calls()).toEqual(['refresh issued']);
    });

    test('a lock that another program steals is known to be lost', { tags: ['fault-12'] }, async () => {
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
    });

    test('a sign-out in one tab signs out all', async () => {
      const tabs = await tabsWithSession(3);
      await tokensOf(tabs);
      await tabs[0]?.evaluate(() => signOut());
      await vi.waitFor(async () => expect(await tokensOf(tabs)).toEqual(tabs.map(() => 'signed_out')));
    });

    test('what tabs tell each other is a string, and no token is in it', { tags: ['fault-88'] }, async () => {
      const [tab, spy] = (await tabsWithSession(2)) as [Page, Page];
      const key = JSON.stringify([
        'jwt-login',
        scene.account.baseUrl,
        JSON.stringify({ username: scene.account.username }),
      ]);
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
      });
    });
  });

  describe('at rest', () => {
    test('tokens are encrypted, under a key that nothing can export', async () => {
      const [tab] = (await tabsWithSession(1)) as [Page];
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

    test('a page loaded again goes on with them', async () => {
      const [tab] = (await tabsWithSession(1)) as [Page];
      const [before] = await tokensOf([tab]);
      await tab.close();
      const again = await tabsWithSession(1);
      expect(await tokensOf(again)).toEqual([before]);
      expect(calls()).toEqual(['login issued']);
    });
  });

  describe('the browser refuses', { tags: ['fault-74'] }, () => {
    const put = (tab: Page, expectedId: string | undefined, id: string): Promise<boolean> =>
      tab.evaluate(
        ([expected, next]) =>
          store().compareAndSet('key', expected ?? undefined, {
            id: next as string,
            value: `value of ${next}`,
          }),
        [expectedId, id],
      ) as Promise<boolean>;
    const get = (tab: Page) => tab.evaluate(() => store().get('key'));
    const degraded = (tab: Page) =>
      tab.evaluate(() =>
        events
          .filter(({ type }) => type === 'store_degraded')
          .map(({ keptIn, reason }) => `${keptIn}: ${reason}`),
      );
    /** What the origin may keep, in bytes; none: as it was. */
    const setQuota = async (tab: Page, quotaSize?: number): Promise<void> => {
      const devtools = await tab.context().newCDPSession(tab);
      const origin = `http://127.0.0.1:${scene.port}`;
      await devtools.send(
        'Storage.overrideQuotaForOrigin',
        quotaSize === undefined ? { origin } : { origin, quotaSize },
      );
    };

    test('quota: the record is kept in memory, told once, and moves back', async () => {
      const [tab, other] = (await Promise.all([scene.tab(), scene.tab()])) as [Page, Page];
      for (const page of [tab, other]) await page.evaluate(() => openStore());
      // Before the first use: the browser remembers what room it found.
      await setQuota(tab, 1);
      expect(await put(tab, undefined, 'b')).toBe(true);
      expect(await put(tab, 'b', 'c')).toBe(true);
      expect(await put(tab, 'b', 'x')).toBe(false);
      expect(await get(tab)).toMatchObject({ id: 'c' });
      expect(await get(other)).toBeUndefined();
      expect(await degraded(tab)).toEqual(['memory: QuotaExceededError']);
      await setQuota(tab);
      expect(await put(tab, 'c', 'd')).toBe(true);
      expect(await get(other)).toMatchObject({ id: 'd' });
    });

    test('a database that has no room for its key is closed again, so that it can be deleted', async () => {
      const [tab, deleter] = (await Promise.all([scene.tab(), scene.tab()])) as [Page, Page];
      await setQuota(tab, 1);
      await tab.evaluate(async () => {
        openStore();
        for (let attempt = 0; attempt < 3; attempt++) await store().get('key');
      });
      expect(await degraded(tab)).toEqual(['memory: QuotaExceededError']);
      expect(await deleteDatabase(deleter)).toBe('deleted');
    });

    test('a page that may have no channels keeps its records all the same', async () => {
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
      expect(await put(tab, undefined, 'a')).toBe(true);
      expect(await get(tab)).toMatchObject({ id: 'a' });
    });

    test('localStorage full: memory, and both steps told', async () => {
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
      expect(await put(tab, undefined, 'a')).toBe(true);
      expect(await get(tab)).toMatchObject({ id: 'a' });
      expect(await degraded(tab)).toEqual(['local_storage: NotSupportedError', 'memory: QuotaExceededError']);
      expect(
        await tab.evaluate(() => Object.keys(localStorage).filter((key) => !key.startsWith('filler'))),
      ).toEqual([]);
    });

    test('what is torn in localStorage is replaced', async () => {
      const tab = await scene.tab();
      await tab.evaluate(() => {
        Object.defineProperty(globalThis, 'indexedDB', { value: undefined });
        localStorage.setItem('auth-tokens:key', 'auth1:{"id"');
        openStore({ allowPlaintext: true });
      });
      expect(await get(tab)).toBeUndefined();
      expect(await put(tab, undefined, 'a')).toBe(true);
      expect(await get(tab)).toMatchObject({ id: 'a' });
    });

    test('IndexedDB blocked by another tab: memory within seconds, and the record afterwards', async () => {
      const [holder, deleter, tab] = (await Promise.all([scene.tab(), scene.tab(), scene.tab()])) as [
        Page,
        Page,
        Page,
      ];
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
      await tab.evaluate(() => openStore());
      const startedAt = performance.now();
      expect(await put(tab, undefined, 'a')).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(await degraded(tab)).toEqual(['memory: TimeoutError']);
      expect(await get(tab)).toMatchObject({ id: 'a' });
      await holder.close();
      // It is left alone for ten seconds after it took too long.
      await tab.evaluate(() => {
        const { now } = performance;
        performance.now = () => now.call(performance) + 10_001;
      });
      expect(await put(tab, 'a', 'b')).toBe(true);
      const other = await scene.tab();
      await other.evaluate(() => openStore());
      expect(await get(other)).toMatchObject({ id: 'b' });
    });

    test('a database that another tab deletes is let go, and made again', async () => {
      const [tab, deleter] = (await Promise.all([scene.tab(), scene.tab()])) as [Page, Page];
      await tab.evaluate(() => openStore());
      await put(tab, undefined, 'a');
      await deleter.evaluate(
        () =>
          new Promise<void>((resolve) => {
            indexedDB.deleteDatabase('auth-tokens').onsuccess = () => resolve();
          }),
      );
      expect(await get(tab)).toBeUndefined();
      expect(await put(tab, undefined, 'b')).toBe(true);
      expect(await degraded(tab)).toEqual([]);
    });

    test('the browser evicts everything: a clean signed-out state', { tags: ['fault-75'] }, async () => {
      const [tab] = (await tabsWithSession(1)) as [Page];
      await tab.evaluate(() => tokens());
      const { password, ...withoutPassword } = scene.account;
      await tab.evaluate((account) => openSession(account), withoutPassword);
      await tab.evaluate(() => tokens(1));
      const devtools = await tab.context().newCDPSession(tab);
      const origin = `http://127.0.0.1:${scene.port}`;
      await devtools.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
      calls();
      await passDay([tab]);
      expect(await tab.evaluate(() => tokens(1))).toBe('reauthentication_required');
      expect(await tab.evaluate(() => tokens(0))).toMatch(/^[0-9a-f]{24}$/);
      expect(calls()).toEqual(['login issued']);
      expect(password).not.toBe('');
    });

    test('a sandboxed page, where a look at storage throws: memory, and a lock of its own', async () => {
      const tab = await scene.tab(`http://127.0.0.1:${scene.port}/sandboxed`);
      await tab.evaluate(() => openStore({ allowPlaintext: true }));
      expect(await put(tab, undefined, 'a')).toBe(true);
      expect(await get(tab)).toMatchObject({ id: 'a' });
      expect((await degraded(tab)).at(-1)).toBe('memory: SecurityError');
      expect((await tab.evaluate(() => conform())).failed).toEqual([]);
    });

    test.each([
      [false, ['memory: SecurityError']],
      [true, ['local_storage: SecurityError']],
    ])('a page on plain http (allowPlaintext: %s)', async (allowPlaintext, expected) => {
      const tab = await scene.tab(`http://plain.example:${scene.port}/`);
      expect(await tab.evaluate(() => [isSecureContext, typeof navigator.locks])).toEqual([
        false,
        'undefined',
      ]);
      await tab.evaluate((allowed) => openStore({ allowPlaintext: allowed }), allowPlaintext);
      expect(await put(tab, undefined, 'a')).toBe(true);
      expect(await degraded(tab)).toEqual(expected);
      expect(await tab.evaluate(() => localStorage.length)).toBe(allowPlaintext ? 1 : 0);
      expect(
        (await tab.evaluate((allowed) => conform({ allowPlaintext: allowed }), allowPlaintext)).failed,
      ).toEqual([]);
    });
  });

  test('a store that is disposed leaves neither a connection nor a channel', {
    tags: ['fault-85'],
  }, async () => {
    const [tab, deleter] = (await Promise.all([scene.tab(), scene.tab()])) as [Page, Page];
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
  });
});

/** Whether a tab can delete the database, or another holds it open. */
function deleteDatabase(tab: Page): Promise<string> {
  return tab.evaluate(
    () =>
      new Promise((resolve) => {
        const deleting = indexedDB.deleteDatabase('auth-tokens');
        deleting.onblocked = () => resolve('blocked');
        deleting.onsuccess = () => resolve('deleted');
      }),
  );
}
