import type { TokenRecord } from '@auth/core';
import type { Page } from 'playwright-core';

/** Writes a record with that id through the tab's store, if what stands there has the expected one. */
export function putRecord(tab: Page, expectedId: string | undefined, id: string): Promise<boolean> {
  return tab.evaluate(
    ([expected, next]) =>
      store().compareAndSet('key', expected ?? undefined, {
        id: next as string,
        value: `value of ${next}`,
      }),
    [expectedId, id],
  ) as Promise<boolean>;
}

/** Reads the record through the tab's store. */
export function getRecord(tab: Page): Promise<TokenRecord | undefined> {
  return tab.evaluate(() => store().get('key')) as Promise<TokenRecord | undefined>;
}

/** Where the tab's store says that it keeps records instead, and why. */
export function degradations(tab: Page): Promise<string[]> {
  return tab.evaluate(() =>
    events
      .filter(({ type }) => type === 'store_degraded')
      .map(({ keptIn, reason }) => `${keptIn}: ${reason}`),
  );
}

/** Whether a tab can delete the database, or another holds it open. */
export function deleteDatabase(tab: Page): Promise<string> {
  return tab.evaluate(
    () =>
      new Promise((resolve) => {
        const deleting = indexedDB.deleteDatabase('auth-tokens');
        deleting.onblocked = () => resolve('blocked');
        deleting.onsuccess = () => resolve('deleted');
      }),
  );
}
