import { encryptedStore, leasedStore, memoryStore, type TokenStore } from '@auth/core';
import { authProviderSuite, type TestFunction, tokenStoreSuite } from '@auth/testing/conformance';
import { exampleSuites } from './examples.ts';
import { type Place, type VendorName, vendorNames } from './place.ts';
import { type GroupReport, type Report, runGroup } from './report.ts';
import { type SharedStore, sessionSuite } from './session-suite.ts';
import { type Vendor, vendorsAt, wrongPassword } from './vendors.ts';

/** Longer than a busy machine may suspend a process. */
export const leaseMs = 3_000;

/**
 * The suite that every runtime runs on the built packages: the conformance suites of `@auth/testing`, and sessions as a
 * user has them. It needs Web APIs only, except for the runtime's own store.
 */
export async function runSuite(place: Place, createStore?: () => SharedStore): Promise<Report> {
  const vendors = vendorsAt(place);
  const ofVendor = async (name: VendorName): Promise<[string, GroupReport]> => {
    const vendor = vendors[name];
    const report = await runGroup((test) => {
      providerSuite(test, vendor, place[name].options.password);
      sessionSuite(test, place.url, vendor, createStore);
    });
    return [name, report];
  };
  const providers = await Promise.all(vendorNames.map(ofVendor));
  const examples = await runGroup((test) => exampleSuites(test, place));
  // After the providers, because hashing refused passwords blocks the threads on which Node reads and writes files.
  const stores = await storeSuites(createStore);
  return { groups: { ...Object.fromEntries(providers), examples, stores } };
}

function providerSuite(test: TestFunction, vendor: Vendor, password: string): void {
  authProviderSuite(test, () => ({
    provider: vendor.provider(password),
    refused: vendor.provider(wrongPassword),
    fetch: (input, init) => fetch(input, init),
    secrets: vendor.secrets,
  }));
}

/** In parallel, because the suites wait for leases to end. */
async function storeSuites(createStore: (() => SharedStore) | undefined): Promise<GroupReport> {
  const keys = [crypto.getRandomValues(new Uint8Array(32))];
  const stores: Record<string, () => TokenStore> = {
    memoryStore: () => memoryStore(),
    encryptedStore: () => encryptedStore(memoryStore(), { keys }),
    leasedStore: () => leasedStore(memoryStore(), { leaseMs }),
    ...(createStore === undefined ? {} : { "the runtime's store": () => createStore().open() }),
  };
  const reports = await Promise.all(
    Object.entries(stores).map(([name, open]) =>
      runGroup((test) => tokenStoreSuite((what, run) => test(`${name}: ${what}`, run), open, { leaseMs })),
    ),
  );
  return {
    count: reports.reduce((sum, { count }) => sum + count, 0),
    failures: reports.flatMap(({ failures }) => failures),
  };
}
